"""Tables for a terminal, folded where they are wider than it."""

from collections.abc import Iterator
from itertools import pairwise

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from polysteer.report import Answer, Grid

_EDGE = 1  # the blank on either side


def draw_answer(answer: Answer) -> RenderableType:
    """The words, then the tables."""
    return Group(Padding(Text(answer.note), (1, 1)), *map(Folded, answer.grids))


class Folded:
    """A grid as one table, or as several one below the other, each as wide as the terminal allows."""

    def __init__(self, grid: Grid, *, gap: int = 1) -> None:
        self._grid, self._gap = grid, gap

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        grid = self._grid
        parts = self._fold(options.max_width)
        for part, columns in enumerate(parts, start=1):
            yield Text(grid.title + (f" ({part} of {len(parts)})" if len(parts) > 1 else ""), style="bold")
            table = Table(box=box.SIMPLE_HEAD, padding=(0, 0, 0, self._gap))
            table.add_column(grid.header[0], no_wrap=True)
            for column in columns:
                table.add_column(grid.header[column], justify="right", no_wrap=True)
            for row in grid.rows:
                table.add_row(row[0], *(row[column] for column in columns))
            yield table

    def _fold(self, width: int) -> list[range]:
        """Which columns stand together, as evenly as fits; the first names the rows in every part."""
        cells = zip(self._grid.header, *self._grid.rows, strict=True)
        first, *others = (1 + self._gap + max(map(cell_len, column)) for column in cells)
        for per_part in range(len(others), 0, -1):
            n_parts = -(-len(others) // per_part)
            bounds = [1 + len(others) * part // n_parts for part in range(n_parts + 1)]
            parts = [range(start, stop) for start, stop in pairwise(bounds)]
            widest = max(sum(others[column - 1] for column in part) for part in parts)
            if _EDGE + first + widest <= width:
                break
        return parts
