"""Tables for a terminal, folded where they are wider than it."""

from collections.abc import Iterator, Sequence
from itertools import pairwise, zip_longest

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from polysteer.grid import Grid

_EDGE = 1  # the blank on either side


def draw_parts(parts: Sequence[str | Grid]) -> RenderableType:
    """Words and tables, one below the other."""
    return Group(
        *(
            Folded(part)
            if isinstance(part, Grid)
            else Padding(Text(part), (1, 1, int(isinstance(following, Grid)), 1))
            for part, following in zip_longest(parts, parts[1:])
        )
    )


class Folded:
    """A grid as one table, or as several one below the other, each as wide as the terminal allows."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        grid = self._grid
        parts, gap = self._fold(options.max_width)
        for part, columns in enumerate(parts, start=1):
            yield Text(grid.title + (f" ({part} of {len(parts)})" if len(parts) > 1 else ""), style="bold")
            table = Table(box=box.SIMPLE_HEAD, padding=(0, 0, 0, gap))
            table.add_column(grid.header[0], no_wrap=True)
            for column in columns:
                table.add_column(grid.header[column], justify="right", no_wrap=True)
            for row in grid.rows:
                table.add_row(row[0], *(row[column] for column in columns))
            yield table

    def _fold(self, width: int) -> tuple[list[range], int]:
        """Which columns stand together, as evenly as fits; the first names the rows in every part.

        A gap between columns is given up where that keeps a table in one piece.
        """
        cells = zip(self._grid.header, *self._grid.rows, strict=True)
        first, *others = (1 + max(map(cell_len, column)) for column in cells)
        for per_part in range(len(others), 0, -1):
            n_parts = -(-len(others) // per_part)
            bounds = [1 + len(others) * part // n_parts for part in range(n_parts + 1)]
            parts = [range(start, stop) for start, stop in pairwise(bounds)]
            for gap in (1, 0) if n_parts == 1 else (1,):
                widths = (sum(gap + others[column - 1] for column in part) for part in parts)
                if _EDGE + first + gap + max(widths) <= width:
                    return parts, gap
        return parts, 1
