"""The git command, run in a folder; what it complains about becomes a SharingError."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from polysteer.errors import SharingError

# Never wait for a password that nobody can type.
_ENVIRONMENT: Mapping[str, str] = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


def run_git(folder: Path, *arguments: str, purpose: str) -> str:
    """The command's output without its last line break; `purpose` opens the message of a failure."""
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env={**os.environ, **_ENVIRONMENT},
            capture_output=True,
            text=True,
            check=True,
        )
    except FileNotFoundError as error:
        raise SharingError("versions of masks need git; install it, or leave publish and pull") from error
    except subprocess.CalledProcessError as error:
        raise SharingError(f"{purpose}: {last_line(error.stderr)}") from error
    return done.stdout.rstrip("\n")


def last_line(text: str) -> str:
    """The line in which a command says why it stopped."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next(
        (line for line in lines if line.startswith(("fatal:", "ERROR:", "error:"))),
        lines[-1] if lines else "",
    )
