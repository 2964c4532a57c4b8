"""What each method would show if its layer were picked on test: an upper bound, never a result."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from polysteer.report.data import Answer, Grid
from polysteer.report.methods import ERASED_INSIDE, STEERED, identify_method, name_method, order_methods
from polysteer.report.reading import list_asked
from polysteer.report.units import write_difference, write_value
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
    SELECT DISTINCT m.intervention, m.target, m.k, m.strength, m.layer, m.value, m.candidates,
           c.view = 'best_layer' AND c.layer = m.layer AS on_dev
    FROM chosen c JOIN metrics m ON {SAME_CONFIGURATION}
    WHERE m.experiment = $experiment AND (m.target = $target OR m.target IS NULL) AND m.draw IS NULL
      AND m.metric = 'top1' AND m.split = 'test' AND m.layer IS NOT NULL AND {MEAN_OF_PAIRS}
    ORDER BY on_dev DESC"""


@dataclass(frozen=True)
class OracleRow:
    """One method's mean top-1 on test at a layer that was picked on dev, or on test itself."""

    experiment: str
    target: str | None
    method: str
    picked_on: str
    label: str
    metric: str
    layer: str
    k: float | None
    value: float
    candidates: int | None


def show_oracle(database: Path, experiments: Sequence[str], *, target: str | None = None) -> Answer:
    """Both picks of every method side by side."""
    grids, rows = [], []
    for experiment in experiments:
        for one in list_asked(database, experiment, target):
            found = _read_oracle(database, experiment, one)
            grids.append(_draw_oracle(experiment, one, found))
            rows += found
    return Answer("oracle", NOTE, tuple(grids), tuple(asdict(row) for row in rows))


def _read_oracle(database: Path, experiment: str, target: str | None) -> list[OracleRow]:
    """No mask acts on layer 0, so it is no layer of a steered run."""
    records = [
        {**record, "method": identify_method(record["intervention"])}
        for record in query_database(database, LAYERS, {"experiment": experiment, "target": target}).records()
    ]
    rows = []
    for method in order_methods(record["method"] for record in records):
        own = [record for record in records if record["method"] == method]
        allowed = [
            record for record in own if method not in (STEERED, ERASED_INSIDE) or record["layer"] != "0"
        ]
        on_dev = next((record for record in own if record["on_dev"]), None)
        if on_dev is None or len({record["layer"] for record in allowed}) < 2:
            continue
        on_test = max(allowed, key=lambda record: (record["value"], -layer_depth(record["layer"])))
        for picked_on, label, record in (("dev", RESULT, on_dev), ("test", UPPER_BOUND, on_test)):
            facts = {name: record[name] for name in ("layer", "k", "value", "candidates")}
            rows.append(OracleRow(experiment, target, method, picked_on, label, "top1", **facts))
    return rows


def _draw_oracle(experiment: str, target: str | None, rows: Sequence[OracleRow]) -> Grid:
    lines = []
    for on_dev, on_test in zip(rows[::2], rows[1::2], strict=True):
        lines.append(
            (
                name_method(on_dev.method),
                write_value("top1", on_dev.value),
                on_dev.layer,
                write_value("top1", on_test.value),
                on_test.layer,
                write_difference("top1", on_test.value - on_dev.value),
            )
        )
    return Grid(
        f"{experiment}, {target or 'erased in model'}: top1 (%) on test, layer picked on dev, and ON TEST",
        ("", "result", "layer", "UPPER BOUND", "layer", "flatters by"),
        tuple(lines),
    )
