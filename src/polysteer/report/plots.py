"""The curve over layers and the front as flat tables, for `dvc plots`."""

from collections.abc import Iterable
from dataclasses import asdict

from polysteer.report.data import ReportRow
from polysteer.report.front import FrontRow
from polysteer.report.methods import order_methods
from polysteer.store.rows import layer_depth

# dvc.yaml names these columns: they stand in every file, empty where nothing was measured.
CURVES = ("baseline", "steered", "mean_difference", "centred", "erased")

Record = dict[str, object]


def tabulate_layers(rows: Iterable[ReportRow]) -> list[Record]:
    """One record per layer, one column per method; `depth` counts the layers, `final` being the last."""
    curve = [row for row in rows if row.view == "curve"]
    methods = [*CURVES, *(one for one in order_methods(row.method for row in curve) if one not in CURVES)]
    top1 = {(row.layer, row.method): row.value for row in curve}
    layers = sorted({row.layer for row in curve if row.layer is not None}, key=layer_depth)
    return [
        {"depth": depth, "layer": layer} | {method: top1.get((layer, method)) for method in methods}
        for depth, layer in enumerate(layers)
    ]


def tabulate_front(rows: Iterable[FrontRow]) -> list[Record]:
    """One record per mask of the sweep, cheapest first."""
    dropped = ("experiment", "target")
    return [{name: value for name, value in asdict(row).items() if name not in dropped} for row in rows]
