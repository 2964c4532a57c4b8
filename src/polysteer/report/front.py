"""Gain against cost over the sweep, as dev saw it: which masks no other beats in both."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from polysteer.numbers import write_exactly
from polysteer.report.data import Answer, Grid
from polysteer.report.reading import list_asked
from polysteer.report.units import write_difference, write_value
from polysteer.report.words import number, size
from polysteer.store import query_database
from polysteer.store.views import CONFIGURATION, same_columns

NOTE = (
    "Every mask of the sweep on dev at the primary layer. A star: no other mask has more top-1 for as little "
    "cost. The chosen one is the best within the budget, and alone is read on test."
)
FRONT = f"""
    SELECT f.experiment, f.target, f.intervention, f.strength, f.sites, f.response_pooling, f.score,
           f.held_statistic, f.k, f.layer, f.top1,
           f.top1 - plain.value AS gain, f.cost, f.on_front, c.layer IS NOT NULL AS chosen
    FROM front f
    LEFT JOIN chosen c ON {same_columns(CONFIGURATION, "f", "c")} AND c.view = 'same_layer'
    LEFT JOIN metrics plain ON plain.experiment = f.experiment AND plain.intervention = 'none'
      AND plain.revision IS NOT DISTINCT FROM f.revision AND plain.metric = 'top1' AND plain.split = 'dev'
      AND plain.layer = f.layer AND plain.source = '*' AND plain.reference = '*'
    WHERE f.experiment = $experiment AND f.target IS NOT DISTINCT FROM $target
    ORDER BY f.cost, f.top1"""


@dataclass(frozen=True)
class FrontRow:
    """One mask of the sweep on dev. `gain` is over the baseline, None where that was not kept."""

    experiment: str
    target: str | None
    intervention: str
    strength: float | None
    sites: str | None
    response_pooling: str | None
    score: str | None
    held_statistic: str | None
    k: float | None
    layer: str
    top1: float
    gain: float | None
    cost: float
    on_front: bool
    chosen: bool


def read_front(database: Path, experiment: str, target: str | None) -> list[FrontRow]:
    """The sweep of one target, cheapest first."""
    found = query_database(database, FRONT, {"experiment": experiment, "target": target}).records()
    return [FrontRow(**record) for record in found]


def show_front(database: Path, experiments: Sequence[str], *, target: str | None = None) -> Answer:
    """The sweeps of all targets asked for."""
    grids, rows = [], []
    for experiment in experiments:
        for one in list_asked(database, experiment, target):
            found = read_front(database, experiment, one)
            grids.append(_draw_front(experiment, one, found))
            rows += found
    return Answer("front", NOTE, tuple(grids), tuple(asdict(row) for row in rows))


def _draw_front(experiment: str, target: str | None, rows: Sequence[FrontRow]) -> Grid:
    """What all masks share is left out of the table."""
    named: dict[str, Callable[[FrontRow], str | None]] = {
        "intervention": lambda row: row.intervention,
        "sites": lambda row: row.sites,
        "pooling": lambda row: row.response_pooling,
        "experts": lambda row: row.score,
        "value": lambda row: row.held_statistic,
        "strength": lambda row: None if row.strength is None else write_exactly(row.strength),
        "k": lambda row: size(row.k),
    }
    differing = {
        name: tell
        for name, tell in named.items()
        if name in ("experts", "k", "strength") or len({tell(row) for row in rows}) > 1
    }
    lines = tuple(
        (
            "*" if row.on_front else "",
            *(str(tell(row) or "-") for tell in differing.values()),
            write_value("top1", row.top1),
            write_difference("top1", row.gain),
            number(row.cost),
            "chosen" if row.chosen else "",
        )
        for row in rows
    )
    title = f"{experiment}, {target or 'erased in model'}: top1 (%) on dev against cost"
    return Grid(title, ("", *differing, "top1", "gain", "cost", ""), lines)
