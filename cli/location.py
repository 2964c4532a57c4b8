"""In which project a command works: that of the nearest experiments.yaml, here or in a folder above."""

import os
import stat
from pathlib import Path

import typer

from polysteer.cli.stderr import tell


def find_project(context: typer.Context, file: Path) -> Path:
    """Go to the project's folder, as git and DVC do, so that all in it means what it means there.

    A file that was named stands where it was said to; so do other paths of the command line.
    """
    here = Path.cwd()
    if _is_given(context, "file") or file.exists():
        return file
    folder = next((folder for folder in here.parents if _is_project(folder, file)), None)
    if folder is not None:
        tell(f"using {folder / file}")
        given = {name: value for name, value in context.params.items() if _is_given(context, name)}
        context.params.update({name: _from(here, value) for name, value in given.items()})
        os.chdir(folder)
    return file


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _is_project(folder: Path, file: Path) -> bool:
    """Not in a folder like /tmp, where everybody may leave files: they say what is run."""
    return (folder / file).is_file() and not folder.stat().st_mode & stat.S_ISVTX


def _from(folder: Path, value: object) -> object:
    if isinstance(value, list):
        return [_from(folder, one) for one in value]
    return folder / value if isinstance(value, Path) else value
