"""Tables that several views show: numbers of one metric by arm, direction, language and layer."""

from collections.abc import Callable, Mapping, Sequence

from polysteer.grid import Grid
from polysteer.metrics.names import excluding
from polysteer.report.digits import write_interval, write_value
from polysteer.report.measured import Measured, ReportRow
from polysteer.report.shown_arms import name_arm, order_arms
from polysteer.store.rows import layer_depth

Columns = Mapping[str, Mapping[str, float]]
"""Column, then the place that names a row."""


def grid_places(
    title: str,
    first: str,
    columns: Columns,
    metric: str,
    *,
    depth: Callable[[str], float] = lambda _: 0.0,
) -> Grid:
    """Numbers over places, by depth and else as they come; a column without numbers is left out."""
    shown = {column: cells for column, cells in columns.items() if cells}
    places = sorted(dict.fromkeys(place for cells in shown.values() for place in cells), key=depth)
    lines = tuple(
        (place, *(write_value(metric, cells.get(place)) for cells in shown.values())) for place in places
    )
    return Grid(title, (first, *shown), lines)


def grid_layers(title: str, columns: Columns, metric: str) -> Grid:
    """Columns over the layers, in the model's order."""
    return grid_places(title, "layer", columns, metric, depth=layer_depth)


def grid_arms(
    title: str, measured: Measured, metric: str, more: Mapping[str, Mapping[str, str]] | None = None
) -> Grid:
    """Every arm at the same layer and at its own best; `more` are columns by arm."""
    same, best = (measured.find_means(metric, view) for view in ("same_layer", "best_layer"))
    layer = next((row.layer for row in same.values() if row.layer is not None), "value")
    columns = more or {}
    lines = tuple(
        (
            name_arm(arm),
            *write_row(same.get(arm)),
            *write_row(best.get(arm)),
            (best[arm].layer if arm in best else None) or "-",
            *(cells.get(arm, "-") for cells in columns.values()),
        )
        for arm in order_arms([*same, *best])
    )
    return Grid(title, ("", layer, "95 %", "own best", "95 %", "layer", *columns), lines)


def grid_directions(
    title: str, measured: Measured, metric: str, target: str, view: str, arms: Sequence[str]
) -> Grid:
    """Into a language, out of it, and between all others."""
    others = excluding(target)
    ends = {
        f"into {target}": ("*", target),
        f"out of {target}": (target, "*"),
        f"without {target}": (others, others),
    }
    columns = {
        column: {
            name_arm(arm): row.value
            for arm in arms
            if (row := measured.find(arm, metric, view=view, source=source, reference=reference))
        }
        for column, (source, reference) in ends.items()
    }
    return grid_places(title, "", columns, metric)


def write_row(row: ReportRow | None) -> tuple[str, str]:
    """A number and its interval."""
    if row is None:
        return "-", "-"
    return write_value(row.metric, row.value), write_interval(row.metric, row.ci_low, row.ci_high)


def keep_told(*grids: Grid) -> list[Grid]:
    """Those that say something."""
    return [grid for grid in grids if grid.rows]
