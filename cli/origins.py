"""What stands above every report: what its numbers were made with, and what of that is stale."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from polysteer.cli.progress import tell

if TYPE_CHECKING:
    from rich.console import RenderableType

    from polysteer.report import Origins


@dataclass(frozen=True)
class Heading:
    """The origins of what is shown, and the file that they are compared with."""

    origins: "Origins"
    file: Path

    @property
    def lines(self) -> list[str]:
        """In words."""
        from polysteer.report import tell_origins

        return tell_origins(self.origins, file=self.file.name)

    def draw(self) -> "RenderableType":
        """Above tables."""
        from rich.padding import Padding
        from rich.text import Text

        return Padding(Text("\n".join(self.lines)), (1, 1, 0, 1))

    def tell_stale(self) -> None:
        """To stderr, for a format that has no place for it."""
        from polysteer.report import tell_stale

        for line in tell_stale(self.origins.stale, file=self.file.name):
            tell(line)


def find_heading(
    file: Path, artifacts: Path, database: Path, shown: Sequence[str], *, asked_for_all: bool
) -> Heading:
    """Where all is asked for, what has no numbers, or no place in the file, is part of the answer."""
    from polysteer.config import load_experiments
    from polysteer.config.filling import fill_in
    from polysteer.layout import Layout
    from polysteer.report import trace_origins

    now = {name: fill_in(one) for name, one in load_experiments(file).experiments.items()}
    evaluated = Layout(artifacts).list_evaluated() if asked_for_all else []
    return Heading(
        trace_origins(
            database,
            shown,
            now,
            asked=now if asked_for_all else (),
            unnamed=[name for name in evaluated if name not in now],
        ),
        file,
    )
