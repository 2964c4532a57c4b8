"""What a command found: records for scripts, or lines and tables for people."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from polysteer.cli.output import print_json, print_table, print_text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from polysteer.grid import Grid

    Part = str | Grid

_NUMBER = re.compile(r"[-+]?\d[\d.,e+-]*( %| k?B| [MGTP]B|, \d+)?|not known|-|")
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def print_found(records: object, parts: "Iterable[Part]", *, json: bool, folds: bool = False) -> None:
    """Either of the two; a table is as wide as it needs to be, or folds to the terminal's width."""
    if json:
        print_json(records)
        return
    for part in parts:
        if isinstance(part, str):
            print_text(part)
        else:
            print_table(_draw(part), folds=folds)


def write_bytes(n_bytes: int | None) -> str:
    """In decimal units, as disks and networks have them, three digits."""
    if n_bytes is None:
        return "not known"
    number, unit = float(n_bytes), 0
    while number >= 999.5 and unit < len(_UNITS) - 1:
        number, unit = number / 1000, unit + 1
    return f"{number:.3g} {_UNITS[unit]}"


def write_cell(value: object) -> str:
    """A number in four digits; what is not known is a dash."""
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _draw(grid: "Grid") -> "RenderableType":
    """Columns of numbers stand to the right and stay whole; a row of no cells is a line across."""
    from rich import box
    from rich.console import Group
    from rich.styled import Styled
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_header=bool(grid.header), padding=(0, 0, 0, 1))
    rows = [row for row in grid.rows if row]
    for place, name in enumerate(grid.header or [""] * len(rows[0])):
        if place and grid.header and all(_NUMBER.fullmatch(row[place]) for row in rows):
            table.add_column(name, justify="right", no_wrap=True)
        else:
            table.add_column(name, overflow="fold")
    for row in grid.rows:
        if row:
            table.add_row(*row)
        else:
            table.add_section()
    return Group(Styled(grid.title, "bold"), table) if grid.title else table
