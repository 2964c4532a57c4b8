"""A view: one way to ask the report."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from polysteer.report.answer import Answer
from polysteer.report.question import Question


class View(NamedTuple):
    """`option` asks for it, none for the first; `of` says why it takes no other details than it `takes`.

    What is not of steered runs `has` a test of its own, whether an experiment has the numbers.
    """

    option: str
    show: Callable[[Question], Answer]
    takes: tuple[str, ...] = ("--lang", "--metric", "--layer")
    of: str = ""
    has: Callable[[Path, str], bool] | None = None

    @property
    def is_default(self) -> bool:
        """Whether it is shown where no option asks for another."""
        return not self.option

    @property
    def is_steered(self) -> bool:
        """Whether it is of runs that steer, which have a headline."""
        return self.has is None
