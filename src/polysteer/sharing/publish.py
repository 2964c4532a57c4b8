"""Publishing a mask: its file goes to the DVC remote, its version becomes an annotated git tag."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from polysteer.errors import SharingError
from polysteer.masks.files import load_mask
from polysteer.sharing.git import run_git
from polysteer.sharing.remote import explain_failure
from polysteer.sharing.versions import check_name, find_versions, normalise_version, write_message


class Publication(NamedTuple):
    """What was published; `git_remote` is None where the repository has none and the tag stays in it."""

    name: str
    version: str
    tag: str
    commit: str
    path: Path
    sha256: str
    dvc_remote: str
    git_remote: str | None


class _Project(NamedTuple):
    """A DVC project at rest, and the artifact in it."""

    git_root: Path
    name: str
    path: Path
    dvc_remote: str
    scm: Any


def publish_mask(
    name: str, *, version: str, folder: Path = Path(), git_remote: str = "origin"
) -> Publication:
    """Publish the mask that `name` stands for in dvc.yaml, as HEAD records it.

    Everything is checked before anything is sent; after a failure the same call can be made again.
    """
    check_name(name)
    version = normalise_version(version)
    project = _open_project(folder, name)
    root, tag = project.git_root, f"{project.name.replace(':', '=')}@{version}"
    commit = _check_clean(root)
    sha256 = _check_recorded(project)
    remote = _check_git_remote(root, git_remote, tag)
    _check_unpublished(project, version, commit)
    _push_file(project)
    _register(project, version, write_message(tag, sha256))
    if remote:
        try:
            run_git(root, "push", remote, f"refs/tags/{tag}", purpose=f"{remote} does not take the tag {tag}")
        except SharingError:
            run_git(root, "tag", "--delete", tag, purpose=f"the tag {tag} cannot be taken back")
            raise
    return Publication(
        project.name, version, tag, commit, project.path.relative_to(root), sha256, project.dvc_remote, remote
    )


def _open_project(folder: Path, name: str) -> _Project:
    from dvc.exceptions import DvcException  # type: ignore[import-untyped]
    from dvc.repo import Repo  # type: ignore[import-untyped]
    from dvc.scm import Git  # type: ignore[import-untyped]

    try:
        with Repo(str(folder)) as repo:
            if not isinstance(repo.scm, Git):
                raise SharingError(
                    f"{repo.root_dir} has no git repository; versions are git tags: run `git init`"
                )
            git_root, dvc_root = Path(repo.scm.root_dir), Path(repo.root_dir)
            inside = dvc_root.relative_to(git_root).as_posix()
            full_name = name if ":" in name or inside == "." else f"{inside}:{name}"
            declared = repo.artifacts.read().get("dvc.yaml", {})
            artifact = declared.get(full_name.rpartition(":")[2])
            if artifact is None:
                known = ", ".join(declared) or "none"
                raise SharingError(
                    f"{dvc_root / 'dvc.yaml'} declares no artifact {name!r}; "
                    f"under `artifacts:` there are {known}"
                )
            remote = _check_dvc_remote(repo)
            return _Project(git_root, full_name, dvc_root / artifact.path, remote, repo.scm)
    except DvcException as error:
        raise SharingError(f"{folder.resolve()} cannot be published from: {error}") from error


def _check_dvc_remote(repo: Any) -> str:
    """The name of the default remote, once DVC can speak to its kind of place."""
    from dvc.fs import RemoteMissingDepsError  # type: ignore[import-untyped]

    name: str | None = repo.config["core"].get("remote")
    if name is None:
        raise SharingError(
            f"{repo.root_dir} has no default DVC remote to publish to; run `dvc remote add --default NAME "
            "URL`, commit .dvc/config and publish again"
        )
    try:
        repo.cloud.get_remote(name)
    except (ImportError, RemoteMissingDepsError) as error:
        missing = getattr(error, "missing_deps", None)
        reason = f"missing dependencies: {missing}" if missing else str(error)
        raise SharingError(f"the DVC remote {name!r} cannot be used: {explain_failure(reason)}") from error
    return name


def _check_clean(git_root: Path) -> str:
    """The commit to publish: everything that git follows is as it says."""
    commit = run_git(
        git_root,
        "rev-parse",
        "--verify",
        "HEAD",
        purpose=f"{git_root} has no commit to publish; commit first",
    )
    changed = run_git(git_root, "status", "--porcelain", "--untracked-files=no", purpose="git status failed")
    if changed:
        files = [line[3:] for line in changed.splitlines()]
        raise SharingError(
            f"{git_root} has changes that are not committed, in {len(files)} files: {', '.join(files[:3])}; "
            "commit or stash them and publish again"
        )
    _find_identity(git_root)
    return commit


def _check_recorded(project: _Project) -> str:
    """The mask's SHA-256, after checking the mask itself and that HEAD means this very file."""
    from dvc.api import DVCFileSystem  # type: ignore[import-untyped]
    from dvc.exceptions import DvcException
    from dvc_data.index import DataIndexDirError

    load_mask(project.path)
    content = project.path.read_bytes()
    relative = project.path.relative_to(project.git_root).as_posix()
    try:
        recorded = DVCFileSystem(repo=str(project.git_root), rev="HEAD", subrepos=True).info(relative)
    except (FileNotFoundError, DataIndexDirError, DvcException) as error:
        raise SharingError(
            f"HEAD does not record {relative}; run `dvc repro`, commit dvc.lock and publish again"
        ) from error
    by_dvc = recorded.get("md5")
    if by_dvc not in (None, hashlib.md5(content, usedforsecurity=False).hexdigest()):
        raise SharingError(
            f"{relative} is not the file that HEAD records; commit dvc.lock if it is the right one, or bring "
            "the recorded one back with `dvc checkout`"
        )
    return hashlib.sha256(content).hexdigest()


def _check_git_remote(git_root: Path, remote: str, tag: str) -> str | None:
    """The remote to push the tag to, None if the repository has none at all."""
    remotes = run_git(git_root, "remote", purpose="git remote failed").split()
    if not remotes:
        return None
    if remote not in remotes:
        raise SharingError(
            f"there is no git remote {remote!r}; there is {', '.join(remotes)}: choose with --git-remote"
        )
    lines = run_git(
        git_root, "ls-remote", remote, "HEAD", f"refs/tags/{tag}", purpose=f"{remote} cannot be read"
    )
    refs = [line.split("\t")[1] for line in lines.splitlines()]
    if f"refs/tags/{tag}" in refs:
        raise _already_published(tag, remote)
    if "HEAD" not in refs:
        raise SharingError(
            f"{remote} has no default branch yet; push your branch first: `git push -u {remote} HEAD`"
        )
    return remote


def _check_unpublished(project: _Project, version: str, commit: str) -> None:
    for known in find_versions(project.scm, project.name):
        if known.name == version:
            raise _already_published(f"{project.name}@{version}", str(project.git_root))
        if known.commit == commit:
            raise SharingError(
                f"this commit is already {project.name}@{known.name}; a commit has one version of an artifact"
            )


def _already_published(tag: str, where: str) -> SharingError:
    return SharingError(
        f"{tag} is already published in {where}; a version never changes, choose a higher one"
    )


def _push_file(project: _Project) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "push", str(project.path)],
        cwd=project.path.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = explain_failure(done.stderr)
        raise SharingError(f"the DVC remote {project.dvc_remote!r} does not take {project.path}: {reason}")


def _register(project: _Project, version: str, message: str) -> None:
    from gto.api import register
    from gto.exceptions import GTOException

    try:
        with _committer(project.git_root):
            register(project.scm, project.name, "HEAD", version=version, message=message)
    except GTOException as error:
        raise SharingError(f"{project.name} {version} cannot be registered: {error}") from error


@contextmanager
def _committer(git_root: Path) -> Iterator[None]:
    """Say by name who commits: GTO's git library does not look everywhere that git itself does."""
    identity = _find_identity(git_root)
    before = {name: os.environ.get(name) for name in identity}
    os.environ.update(identity)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _find_identity(git_root: Path) -> dict[str, str]:
    known = run_git(
        git_root,
        "var",
        "GIT_COMMITTER_IDENT",
        purpose="git does not know who publishes; set user.name and user.email",
    )
    name, _, rest = known.rpartition(" <")
    return {"GIT_COMMITTER_NAME": name, "GIT_COMMITTER_EMAIL": rest.partition(">")[0]}
