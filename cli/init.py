"""`steer init DIR`: a new project, ready for `dvc repro`."""

from pathlib import Path
from typing import Annotated

import typer

from polysteer.cli.output import print_text
from polysteer.cli.stderr import tell


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make, or an empty one.")],
) -> None:
    """Write experiments.yaml, dvc.yaml and .gitignore, and set up git and DVC."""
    from polysteer.project import create_project

    project = create_project(folder)
    for file in project.files:
        print_text(str(file))
    repositories = [name for name, made in (("git", project.made_git), ("DVC", project.made_dvc)) if made]
    if repositories:
        tell(f"{' and '.join(repositories)} set up in {project.folder}")
    tell(f"next: cd {project.folder}, edit experiments.yaml, dvc repro, steer report")
