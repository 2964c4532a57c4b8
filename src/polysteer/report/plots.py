"""The curve over layers and the front as flat tables, for `dvc plots`."""

from collections.abc import Iterable

from polysteer.report.answer import Record
from polysteer.report.measured import Measured
from polysteer.store.rows import layer_depth

# dvc.yaml names these columns: they stand in every file, empty where nothing was measured.
CURVES = ("baseline", "mask", "mean_difference", "centred", "erased")


def tabulate_layers(measured: Measured) -> list[Record]:
    """One record per layer, one column per arm; `depth` counts the layers, `final` being the last."""
    curves = {arm: measured.find_by_layer("top1", arm) for arm in measured.list_arms()}
    arms = [*CURVES, *(arm for arm, curve in curves.items() if curve and arm not in CURVES)]
    layers = sorted({layer for curve in curves.values() for layer in curve}, key=layer_depth)
    return [
        {"depth": depth, "layer": layer} | {arm: curves.get(arm, {}).get(layer) for arm in arms}
        for depth, layer in enumerate(layers)
    ]


def tabulate_front(rows: Iterable[Record]) -> list[Record]:
    """One record per mask of the sweep, cheapest first."""
    dropped = ("experiment", "target")
    return [{name: value for name, value in row.items() if name not in dropped} for row in rows]
