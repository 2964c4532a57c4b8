"""Setting up a folder in which `dvc repro` works with the installed package alone."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from polysteer.artifacts import atomic_path
from polysteer.errors import ProjectError

TEMPLATES = Path(__file__).parent / "templates"
TEMPLATE_BY_FILE = {
    "experiments.yaml": "experiments.yaml",
    "dvc.yaml": "dvc.yaml",
    ".gitignore": "gitignore",  # by its own name git would obey it here
    "data/README.md": "data/README.md",
}


class NewProject(NamedTuple):
    """What was made; a repository that was there already is used as it is."""

    folder: Path
    files: tuple[Path, ...]
    made_git: bool
    made_dvc: bool


def create_project(folder: Path) -> NewProject:
    """Write the built-in experiment and its pipeline; nothing that is there already is changed."""
    folder = folder.expanduser()
    _refuse_existing(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ProjectError(f"{folder} cannot be made: {error.strerror}; choose another folder") from error
    made_git, made_dvc = _set_up_repositories(folder)
    for name, template in TEMPLATE_BY_FILE.items():
        with atomic_path(folder / name) as temporary:
            temporary.write_bytes((TEMPLATES / template).read_bytes())
    return NewProject(folder, tuple(folder / name for name in TEMPLATE_BY_FILE), made_git, made_dvc)


def _refuse_existing(folder: Path) -> None:
    there = [name for name in TEMPLATE_BY_FILE if (folder / name).exists()]
    if folder.exists() and not folder.is_dir():
        raise ProjectError(f"{folder} is a file; name a folder, new or without a project in it")
    if there:
        raise ProjectError(
            f"{folder} already has {', '.join(there)}; choose another folder or move them away"
        )


def _set_up_repositories(folder: Path) -> tuple[bool, bool]:
    """git, unless the folder or one above it is under git; DVC, unless the folder itself is under DVC."""
    from dvc.exceptions import DvcException  # type: ignore[import-untyped]
    from dvc.repo import Repo  # type: ignore[import-untyped]
    from dvc.scm import Git, SCMError  # type: ignore[import-untyped]

    git_root = next((place for place in _list_upwards(folder) if (place / ".git").exists()), None)
    makes_dvc = not (folder / Repo.DVC_DIR).exists()
    try:
        if git_root is None:
            Git.init(str(folder)).close()
        if makes_dvc:
            is_inside = git_root not in (None, folder.resolve())
            with _quiet_dvc(), Repo.init(str(folder), subdir=is_inside) as repo:
                with repo.config.edit("repo") as config:
                    config["core"]["analytics"] = False
                repo.scm.add([repo.config.files["repo"]])
    except (DvcException, SCMError) as error:
        raise ProjectError(f"git and DVC cannot be set up in {folder}: {error}") from error
    return git_root is None, makes_dvc


@contextmanager
def _quiet_dvc() -> Iterator[None]:
    """DVC logs its welcome to stdout."""
    logger = logging.getLogger("dvc")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _list_upwards(folder: Path) -> tuple[Path, ...]:
    return (folder.resolve(), *folder.resolve().parents)
