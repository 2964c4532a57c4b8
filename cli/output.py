"""The one door to stdout and stderr: all that `steer` prints goes through it, and none acts on a terminal."""

import io
import json
import math
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO, TextIO

import typer

from polysteer.cli.visible import escape_json, show_controls
from polysteer.errors import OutputError

if TYPE_CHECKING:
    from rich.console import RenderableType

MOST_COLUMNS = 100_000


def prepare_streams() -> None:
    """What a stream's encoding lacks is spelled out there, not refused."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def print_text(text: str) -> None:
    """To stdout: a line, several, or a whole CSV or Markdown table."""
    _write(show_controls(text if text.endswith("\n") else f"{text}\n"))


def print_json(facts: object) -> None:
    """To stdout, for scripts: what is no JSON type as text, what is not finite as null."""
    text = json.dumps(_as_json(facts), indent=2, ensure_ascii=False)
    _write(escape_json(f"{text}\n", _stdout().encoding))


def print_table(content: "RenderableType", *, folds: bool = False) -> None:
    """To stdout, for people; a table that is wider than the terminal is not cut off, unless it folds."""
    from polysteer.cli.console import PlainConsole

    console = PlainConsole()
    if not folds:
        needed = console.measure(content, options=console.options.update(max_width=MOST_COLUMNS)).minimum
        console.width = max(console.width, needed)
    with _writing():
        _stdout()
        console.print(content)


def print_aside(text: str) -> None:
    """To stderr: errors, notices, log. A full disk there stops no work, for it cannot even be told."""
    if sys.stderr is None:
        return
    try:
        print(show_controls(text), file=sys.stderr, flush=True)
    except BrokenPipeError:
        raise
    except OSError:
        give_up(stderr=True)


def is_watched() -> bool:
    """Whether a person sees stderr as it is written."""
    return sys.stderr is not None and sys.stderr.isatty()


@contextmanager
def open_binary() -> Iterator[BinaryIO]:
    """Stdout for what is no text."""
    with _writing():
        if _stdout().isatty():
            raise typer.BadParameter("this is no text for a terminal: name a file with --out, or redirect")
        yield _stdout().buffer
        _stdout().buffer.flush()


def _write(text: str) -> None:
    with _writing():
        _stdout().write(text)
        _stdout().flush()


def _as_json(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _as_json(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        names = getattr(value, "_fields", None)  # of a named tuple
        return _as_json(dict(zip(names, value, strict=True))) if names else [_as_json(one) for one in value]
    return value if value is None or isinstance(value, str | int) else str(value)


def _stdout() -> TextIO:
    if sys.stdout is None:
        raise OutputError("stdout is closed, and what was asked for goes there; leave it open")
    return sys.stdout


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        give_up()
        raise
    except OSError as error:
        give_up()
        raise OutputError(f"stdout cannot be written: {error.strerror or error}") from error


def give_up(*, stderr: bool = False) -> None:
    """Send the rest nowhere, or Python complains of it once more at its end."""
    stream = sys.stderr if stderr else sys.stdout
    if stream is None:
        return
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
