"""What a person sees on stderr while a command works."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from polysteer.progress import Progress, stay_silent


def tell(line: str) -> None:
    """One line of log."""
    print(line, file=sys.stderr, flush=True)


class _Notices(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        tell(f"steer: {record.getMessage()}")


def show_notices() -> None:
    """What the library finds worth saying while it works, a line each."""
    logger = logging.getLogger("polysteer")
    logger.addHandler(_Notices())
    logger.propagate = False


@contextmanager
def show_progress(title: str) -> Iterator[Progress]:
    """A progress bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield stay_silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(title, total=None)

        def advance(step: str, done: int, total: int) -> None:
            bars.update(task, description=f"{title}: {step}", completed=done, total=total)

        yield advance
