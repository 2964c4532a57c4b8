"""What a person sees on stderr while a command works."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from polysteer.cli.output import is_watched, print_aside
from polysteer.cli.visible import show_controls
from polysteer.progress import Progress, stay_silent


class _Log:
    is_shown = True


def show_log(shown: bool) -> None:
    """Whether there is one at all, progress bars included."""
    _Log.is_shown = shown


def tell(line: str) -> None:
    """One line of log."""
    if _Log.is_shown:
        print_aside(line)


class _VisibleRecord(logging.LogRecord):
    """Other libraries' notices, which go to stderr by handlers of their own, quote files too."""

    def getMessage(self) -> str:  # noqa: N802
        return show_controls(super().getMessage())


class _Notices(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        print_aside(f"steer: {record.getMessage()}")


def show_notices() -> None:
    """What the library finds worth saying while it works, a line each; and nobody's acts on the terminal."""
    logging.setLogRecordFactory(_VisibleRecord)
    warnings.showwarning = _show_warning
    logger = logging.getLogger("polysteer")
    logger.addHandler(_Notices())
    logger.propagate = False


def _show_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: Any, **__: Any
) -> None:
    print_aside(warnings.formatwarning(message, category, filename, lineno).rstrip())


@contextmanager
def show_progress(title: str) -> Iterator[Progress]:
    """A progress bar on a terminal, nothing elsewhere."""
    if not (_Log.is_shown and is_watched()):
        yield stay_silent
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    from polysteer.cli.console import PlainConsole

    named = TextColumn("{task.description}", markup=False)
    columns = (named, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bars(*columns, console=PlainConsole(stderr=True), transient=True, redirect_stdout=False) as bars:
        task = bars.add_task(show_controls(title), total=None)

        def advance(step: str, done: int, total: int) -> None:
            bars.update(task, description=show_controls(f"{title}: {step}"), completed=done, total=total)

        yield advance
