"""`--oracle`: each arm with its layer picked on test: an upper bound, never a result."""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from polysteer.grid import Grid
from polysteer.report.answer import Answer, Record, explain
from polysteer.report.digits import write_difference, write_value
from polysteer.report.question import Question, Subject, View
from polysteer.report.shown_arms import acts_inside, name_arm, order_arms
from polysteer.store import query_database
from polysteer.store.rows import layer_depth
from polysteer.store.views import MEAN_OF_PAIRS, SAME_CONFIGURATION

RESULT = "result: layer picked on dev"
UPPER_BOUND = "UPPER BOUND, NOT A RESULT: layer picked on test"
NOTE = (
    "UPPER BOUND, NOT A RESULT: it takes the layer with the best top-1 on test, which nobody knows "
    "beforehand. The result is what was picked on dev; the last column says how much the bound flatters."
)

# Draws of random neurons are read at one layer alone: there is nothing to pick.
LAYERS = f"""
    SELECT DISTINCT m.arm, m.target, m.k, m.strength, m.layer, m.value, m.candidates,
           c.view = 'best_layer' AND c.layer = m.layer AS on_dev
    FROM choices c JOIN metrics m ON {SAME_CONFIGURATION}
    WHERE m.experiment = $experiment AND (m.target = $target OR m.target IS NULL) AND m.draw IS NULL
      AND m.metric = 'top1' AND m.split = 'test' AND m.layer IS NOT NULL AND {MEAN_OF_PAIRS}
    ORDER BY on_dev DESC"""


def show_oracle(question: Question) -> Answer:
    """Both picks of every arm side by side."""
    found = {subject: _read_oracle(question.database, subject) for subject in question.subjects}
    grids = [_grid_oracle(subject, rows) for subject, rows in found.items()]
    return explain("oracle", NOTE, grids, chain.from_iterable(found.values()))


def _read_oracle(database: Path, subject: Subject) -> list[Record]:
    """No mask acts on layer 0, so it is no layer of a steered run."""
    records = query_database(database, LAYERS, subject._asdict()).records()
    arms = [record["arm"] for record in records]
    rows: list[Record] = []
    for arm in order_arms(arms):
        own = [record for record, of in zip(records, arms, strict=True) if of == arm]
        allowed = [record for record in own if not acts_inside(arm) or record["layer"] != "0"]
        on_dev = next((record for record in own if record["on_dev"]), None)
        if on_dev is None or len({record["layer"] for record in allowed}) < 2:
            continue
        on_test = max(allowed, key=lambda record: (record["value"], -layer_depth(record["layer"])))
        for picked_on, label, record in (("dev", RESULT, on_dev), ("test", UPPER_BOUND, on_test)):
            facts = {"arm": arm, "picked_on": picked_on, "label": label, "metric": "top1"}
            found = {name: record[name] for name in ("layer", "k", "value", "candidates")}
            rows.append({**subject._asdict(), **facts, **found})
    return rows


def _grid_oracle(subject: Subject, rows: Sequence[Record]) -> Grid:
    lines = tuple(
        (
            name_arm(on_dev["arm"]),
            write_value("top1", on_dev["value"]),
            on_dev["layer"],
            write_value("top1", on_test["value"]),
            on_test["layer"],
            write_difference("top1", on_test["value"] - on_dev["value"]),
        )
        for on_dev, on_test in zip(rows[::2], rows[1::2], strict=True)
    )
    title = f"{subject.name}: top1 (%) on test, layer picked on dev, and ON TEST"
    return Grid(title, ("", "result", "layer", "UPPER BOUND", "layer", "flatters by"), lines)


VIEW = View(
    "--oracle", show_oracle, takes=("--lang",), of="is of top1, by which dev chooses, at the layers it chose"
)
