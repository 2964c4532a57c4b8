"""A table for people, before anybody draws it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Grid:
    """Finished text; the first column names the rows."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
