"""An option has the same words, type and default in every command that has it."""

from collections.abc import Callable, Iterator
from inspect import signature
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args

import pytest
import typer
from typer.testing import CliRunner

from polysteer.cli.groups import take_groups
from polysteer.cli.main import app
from polysteer.cli.options import Project

# Commands whose option means another thing than that of its name elsewhere, and what.
OF_THEIR_OWN = {
    "--force": {
        "steer masks import": "files of masks are replaced, no work is made anew",
        "steer masks export": "as of import",
        "steer masks pull": "as of import",
    },
    "--layer": {"steer encode": "of vectors that are made, not of numbers that are shown"},
    "--format": {
        "steer query": "Parquet too",
        "steer masks export": "other tools' files, by their ending",
    },
    "--out": {
        "steer encode": "has no default, and says a format by its ending",
        "steer masks import": "a folder",
        "steer masks export": "has no default",
        "steer masks pull": "has a default of its own",
    },
    "--mask": {"steer encode": "may be left out, for the plain model"},
    "--seed": {"steer builtin train": "of training"},
    "--site": {"steer masks import": "the site that a foreign file is about"},
    "--dtype": {"steer models inspect": "there is no mask that could say it"},
    "--model": {"steer masks verify": "is compared, not recorded"},
}


class Declared(NamedTuple):
    """What a user is told of an option."""

    type: Any
    help: str | None
    default: Any


def walk_commands(within: typer.Typer, name: str = "steer") -> Iterator[tuple[str, Callable[..., Any]]]:
    for command in within.registered_commands:
        assert command.callback is not None
        yield f"{name} {command.name}", command.callback
    for group in within.registered_groups:
        assert group.typer_instance is not None
        yield from walk_commands(group.typer_instance, f"{name} {group.name}")


def walk_options(command: Callable[..., Any]) -> Iterator[tuple[str, Declared]]:
    for one in signature(command).parameters.values():
        kind, info = get_args(one.annotation)
        if isinstance(info, typer.models.OptionInfo):
            yield str(info.default), Declared(kind, info.help, one.default)


def test_one_name_is_one_thing() -> None:
    found: dict[str, dict[str, Declared]] = {}
    for command, callback in walk_commands(app):
        for option, declared in walk_options(callback):
            found.setdefault(option, {})[command] = declared
    assert len(found["--artifacts"]) > 10
    for option, by_command in found.items():
        own = OF_THEIR_OWN.get(option, {})
        shared = {one for command, one in by_command.items() if command not in own}
        assert len(shared) == 1, (option, by_command)
        assert [command for command in own if by_command.get(command) in {None, *shared}] == [], option
    assert OF_THEIR_OWN.keys() <= found.keys()


class Seen(NamedTuple):
    """What a command was called with."""

    project: Project
    n: int


@pytest.fixture
def seen() -> list[Seen]:
    return []


@pytest.fixture
def command(seen: list[Seen]) -> Callable[..., None]:
    @take_groups
    def take(*, project: Project, n: Annotated[int, typer.Option("--n")] = 1) -> None:
        """Remember it."""
        seen.append(Seen(project, n))

    return take


def test_a_group_stands_on_the_command_line_field_by_field(
    command: Callable[..., None], seen: list[Seen]
) -> None:
    app = typer.Typer()
    app.command()(command)
    done = CliRunner().invoke(app, ["--artifacts", "elsewhere", "--n", "2", "--file", "mine.yaml"])
    assert done.exit_code == 0, done.output
    assert seen == [Seen(Project(Path("mine.yaml"), Path("elsewhere")), 2)]
    shown = CliRunner().invoke(app, ["--help"]).output
    places = [shown.index(name) for name in ("--file", "--artifacts", "--n")]
    assert places == sorted(places)
    assert "Remember it." in shown


def test_fields_that_are_left_out_are_as_declared(command: Callable[..., None], seen: list[Seen]) -> None:
    command()
    command(artifacts=Path("elsewhere"))
    assert seen == [Seen(Project(), 1), Seen(Project(artifacts=Path("elsewhere")), 1)]
