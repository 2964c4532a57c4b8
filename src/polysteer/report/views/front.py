"""`--front`: gain against cost over the sweep, as dev saw it, and which masks no other beats in both."""

from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from polysteer.grid import Grid
from polysteer.layout import BASELINE
from polysteer.numbers import write_exactly
from polysteer.report.answer import Answer, Record, explain
from polysteer.report.digits import number, size, write_difference, write_value
from polysteer.report.question import Question, Subject, View
from polysteer.store import query_database
from polysteer.store.columns import CONFIGURATION
from polysteer.store.views import same_columns

NOTE = (
    "Every mask of the sweep on dev at the primary layer. A star: no other mask has more top-1 for as little "
    "cost. The chosen one is the best within the budget, and alone is read on test."
)
FRONT = f"""
    SELECT f.experiment, f.target, f.intervention, f.strength, f.sites, f.response_pooling, f.score,
           f.value_statistic, f.k, f.layer, f.top1,
           f.top1 - plain.value AS gain, f.cost, f.on_front, c.layer IS NOT NULL AS chosen
    FROM front f
    LEFT JOIN choices c ON {same_columns(CONFIGURATION, "f", "c")} AND c.view = 'same_layer'
    LEFT JOIN metrics plain ON plain.experiment = f.experiment AND plain.arm = '{BASELINE}'
      AND plain.revision IS NOT DISTINCT FROM f.revision AND plain.metric = 'top1' AND plain.split = 'dev'
      AND plain.layer = f.layer AND plain.source = '*' AND plain.reference = '*'
    WHERE f.experiment = $experiment AND f.target IS NOT DISTINCT FROM $target
    ORDER BY f.cost, f.top1"""


def show_front(question: Question) -> Answer:
    """The sweeps of all targets asked for."""
    found = {subject: read_front(question.database, subject) for subject in question.subjects}
    grids = [_grid_front(subject, rows) for subject, rows in found.items()]
    return explain("front", NOTE, grids, chain.from_iterable(found.values()))


def read_front(database: Path, subject: Subject) -> list[dict[str, Any]]:
    """The masks of one target on dev, cheapest first; no `gain` where no baseline was kept."""
    return query_database(database, FRONT, subject._asdict()).records()


def _grid_front(subject: Subject, rows: Sequence[Record]) -> Grid:
    """What all masks share is left out of the table."""
    named: dict[str, Callable[[Record], str | None]] = {
        "intervention": lambda row: row["intervention"],
        "sites": lambda row: row["sites"],
        "pooling": lambda row: row["response_pooling"],
        "experts": lambda row: row["score"],
        "value": lambda row: row["value_statistic"],
        "strength": lambda row: None if row["strength"] is None else write_exactly(row["strength"]),
        "k": lambda row: size(row["k"]),
    }
    differing = {
        name: tell
        for name, tell in named.items()
        if name in ("experts", "k", "strength") or len({tell(row) for row in rows}) > 1
    }
    lines = tuple(
        (
            "*" if row["on_front"] else "",
            *(str(tell(row) or "-") for tell in differing.values()),
            write_value("top1", row["top1"]),
            write_difference("top1", row["gain"]),
            number(row["cost"]),
            "chosen" if row["chosen"] else "",
        )
        for row in rows
    )
    title = f"{subject.name}: top1 (%) on dev against cost"
    return Grid(title, ("", *differing, "top1", "gain", "cost", ""), lines)


VIEW = View(
    "--front", show_front, takes=("--lang",), of="is of top1, by which dev chooses, at the layers it chose"
)
