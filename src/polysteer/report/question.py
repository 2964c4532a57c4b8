"""What is asked: which numbers of which experiments, every name in it checked; and in which view."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from polysteer.layout import ERASE
from polysteer.report.answer import Answer
from polysteer.report.contents import list_targets
from polysteer.report.shown_arms import name_arm


class Subject(NamedTuple):
    """One experiment and a target of it; None where it has none."""

    experiment: str
    target: str | None

    @property
    def name(self) -> str:
        """For a title."""
        return f"{self.experiment}, {self.target or name_arm(ERASE)}"


@dataclass(frozen=True, kw_only=True)
class Question:
    """`sides` are what is compared, two experiments or two targets of one.

    `is_of_one` experiment that was named, or `is_of_all` where no name was given at all.
    """

    database: Path
    experiments: tuple[str, ...]
    target: str | None = None
    metric: str = "top1"
    layer: str | None = None
    sides: tuple[str, str] = ("", "")
    is_of_one: bool = False
    is_of_all: bool = False
    checkpoints: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def compares_targets(self) -> bool:
        """Whether the sides are targets."""
        return any(self.sides) and len(self.experiments) == 1

    @property
    def subjects(self) -> list[Subject]:
        """Every experiment with the target that is asked about, or with each of its own."""
        return [Subject(name, target) for name in self.experiments for target in self.list_targets(name)]

    def list_targets(self, experiment: str) -> Sequence[str | None]:
        """Of one experiment, the targets that are asked about; None alone where it has none."""
        if self.target is not None:
            return [self.target]
        return list_targets(self.database, experiment) or [None]


class View(NamedTuple):
    """`option` asks for it, none for the first; `of` says why it takes no other details than it `takes`.

    What is not of steered runs, which have a headline, `has` a test whether an experiment has the numbers.
    """

    option: str
    show: Callable[[Question], Answer]
    takes: tuple[str, ...] = ("--lang", "--metric", "--layer")
    of: str = ""
    has: Callable[[Path, str], bool] | None = None
