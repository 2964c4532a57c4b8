"""The git command: run in a folder, or on a bare clone whose files are read without being checked out."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from polysteer.errors import SharingError

# Never wait for a password that nobody can type.
_ENVIRONMENT: Mapping[str, str] = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}

# Not ext:: nor any other helper, which are commands in the clothes of an address.
_PROTOCOLS: Mapping[str, str] = {"GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh"}
_NO_ENVIRONMENT: Mapping[str, str] = {}


@dataclass(frozen=True)
class Snapshot:
    """The plain files of one commit; links and submodules are not among them."""

    git_folder: Path
    blob_by_path: Mapping[str, str]

    def read(self, path: str) -> bytes | None:
        """A file's content, None where there is no such file."""
        blob = self.blob_by_path.get(path)
        if blob is None:
            return None
        return _run(self.git_folder, ("cat-file", "blob", blob), f"{path} cannot be read from git")


def run_git(folder: Path, *arguments: str, purpose: str) -> str:
    """The command's output without its last line break; `purpose` opens the message of a failure."""
    return _run(folder, arguments, purpose).decode(errors="replace").rstrip("\n")


def clone_bare(repository: str, folder: Path) -> None:
    """A copy of a repository's history in `folder`: nothing is checked out, and no hook or submodule runs."""
    if repository.startswith("-"):
        raise SharingError(f"{repository!r} is no git repository; give its URL or its path")
    _run(
        folder,
        ("clone", "--quiet", "--bare", "--no-local", "--template=", "--", repository, "."),
        f"{repository} cannot be cloned; check the address, the network and your access rights",
        environment=_PROTOCOLS,
    )


def open_snapshot(git_folder: Path, commit: str) -> Snapshot:
    """What one commit holds."""
    listing = _run(git_folder, ("ls-tree", "-r", "-z", commit), f"the commit {commit} cannot be read")
    blobs = {}
    for line in listing.decode("utf-8", errors="surrogateescape").split("\0")[:-1]:
        facts, path = line.split("\t", 1)
        mode, _, blob = facts.split(" ")
        if mode.startswith("100"):
            blobs[path] = blob
    return Snapshot(git_folder, blobs)


def last_line(text: str) -> str:
    """The line in which a command says why it stopped."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next(
        (line for line in lines if line.startswith(("fatal:", "ERROR:", "error:"))),
        lines[-1] if lines else "",
    )


def _run(
    folder: Path, arguments: tuple[str, ...], purpose: str, environment: Mapping[str, str] = _NO_ENVIRONMENT
) -> bytes:
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env={**os.environ, **_ENVIRONMENT, **environment},
            capture_output=True,
            check=True,
        )
    except FileNotFoundError as error:
        raise SharingError("versions of masks need git; install it, or leave publish and pull") from error
    except subprocess.CalledProcessError as error:
        reason = last_line(error.stderr.decode(errors="replace"))
        raise SharingError(f"{purpose}: {reason}") from error
    return done.stdout
