"""One metric as tables: methods, directions, languages, layers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from polysteer.report.data import Grid, ReportRow
from polysteer.report.methods import STEERED, VARIANT, name_method, order_methods
from polysteer.report.units import title_metric, write_difference, write_interval, write_value
from polysteer.store.rows import layer_depth

Columns = Mapping[str, Mapping[str, float]]
"""Column, then the place that names a row."""


def draw_target(found: Sequence[ReportRow]) -> list[Grid]:
    """Everything of one target."""
    rows = _label_variants(found)
    view, head, metric = find_view(rows), _head(rows[0], rows[0].target), rows[0].metric
    methods = order_methods(row.method for row in rows)
    languages = {name_method(method): _by_language(rows, view, method) for method in methods}
    layers = {name_method(method): _by_layer(rows, method) for method in methods}
    return _keep_told(
        _draw_layer(head, rows) if view == "at_layer" else _draw_views(head, rows),
        _draw_places(f"{head}, by direction", "", _by_direction(rows, view, methods), metric),
        _draw_places(f"{head}, by language", "text", languages, metric),
        _draw_layers(f"{head}, by layer", layers, metric),
    )


def draw_targets(found: Sequence[Sequence[ReportRow]]) -> list[Grid]:
    """Several targets: all methods for each, then each target's mask by language and by layer."""
    labelled = [_label_variants(rows) for rows in found]
    first = labelled[0][0]
    view, head, metric = find_view(labelled[0]), _head(first, None), first.metric
    means = {str(rows[0].target): select_means(rows, view) for rows in labelled}
    methods = {
        name_method(method): {target: of[method].value for target, of in means.items() if method in of}
        for method in order_methods(row.method for rows in labelled for row in rows)
    }
    languages, layers = {}, {}
    for rows in labelled:
        for method, column in (("baseline", "baseline"), (STEERED, str(rows[0].target))):
            languages[column] = _by_language(rows, view, method)
            layers[column] = _by_layer(rows, method)
    told = "baseline, then each target's mask"
    return _keep_told(
        _draw_places(f"{head}, by target", "target", methods, metric),
        _draw_places(f"{head}, by language: {told}", "text", languages, metric),
        _draw_layers(f"{head}, by layer: {told}", layers, metric),
    )


def find_view(rows: Iterable[ReportRow]) -> str:
    """The view that comes first: the same layer, or the one layer that was asked for."""
    return "at_layer" if any(row.view == "at_layer" for row in rows) else "same_layer"


def select_means(rows: Iterable[ReportRow], view: str) -> dict[str, ReportRow]:
    """Each method's mean over all pairs or languages."""
    return {
        row.method: row
        for row in rows
        if row.view == view and row.source == "*" and row.reference in ("*", None)
    }


def _draw_views(head: str, rows: Sequence[ReportRow]) -> Grid:
    metric, same, best = rows[0].metric, select_means(rows, "same_layer"), select_means(rows, "best_layer")
    layer = next((row.layer for row in same.values() if row.layer is not None), "value")
    lines = tuple(
        (
            name_method(method),
            *write_row(metric, same.get(method)),
            *write_row(metric, best.get(method)),
            (best[method].layer if method in best else None) or "-",
        )
        for method in order_methods([*same, *best])
    )
    return Grid(head, ("", layer, "95 %", "own best", "95 %", "layer"), lines)


def _draw_layer(head: str, rows: Sequence[ReportRow]) -> Grid:
    metric, means = rows[0].metric, select_means(rows, "at_layer")
    plain = means.get("baseline")
    lines = tuple(
        (
            name_method(method),
            *write_row(metric, means[method]),
            write_difference(metric, means[method].value - plain.value if plain else None),
        )
        for method in order_methods(means)
    )
    return Grid(head, ("", f"layer {rows[0].layer}", "95 %", "over baseline"), lines)


def _draw_places(
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


def _draw_layers(title: str, layers: Columns, metric: str) -> Grid:
    """Nothing where all stand at one layer, which the other tables show."""
    several = len({layer for cells in layers.values() for layer in cells}) > 1
    return _draw_places(title, "layer", layers if several else {}, metric, depth=layer_depth)


def _by_direction(rows: Sequence[ReportRow], view: str, methods: Sequence[str]) -> Columns:
    target = str(rows[0].target)
    ends = {
        ("*", target): f"into {target}",
        (target, "*"): f"out of {target}",
        (f"!{target}", f"!{target}"): f"without {target}",
    }
    found = {(row.source, row.reference, row.method): row.value for row in rows if row.view == view}
    return {
        column: {name_method(method): found[*end, method] for method in methods if (*end, method) in found}
        for end, column in ends.items()
    }


def _by_language(rows: Iterable[ReportRow], view: str, method: str) -> dict[str, float]:
    return {
        row.source: row.value
        for row in rows
        if (row.view, row.method, row.reference) == (view, method, None) and row.source not in ("*", None)
    }


def _by_layer(rows: Iterable[ReportRow], method: str) -> dict[str, float]:
    return {str(row.layer): row.value for row in rows if (row.view, row.method) == ("curve", method)}


def write_row(metric: str, row: ReportRow | None) -> tuple[str, str]:
    """A number and its interval."""
    if row is None:
        return "-", "-"
    return write_value(metric, row.value), write_interval(metric, row.ci_low, row.ci_high)


def _label_variants(rows: Sequence[ReportRow]) -> list[ReportRow]:
    """The checkpoint, and how tokens were pooled, become part of the method where there are several."""
    labelled = list(rows)
    for name in ("revision", "embedding_pooling"):
        if len({getattr(row, name) for row in rows} - {None}) > 1:
            labelled = [
                replace(row, method=f"{row.method}{VARIANT}{getattr(row, name)}")
                if getattr(row, name) is not None
                else row
                for row in labelled
            ]
    return labelled


def _head(row: ReportRow, target: str | None) -> str:
    whom = f"{row.experiment}, {target}" if target else row.experiment
    return f"{whom}: {title_metric(row.metric)}"


def _keep_told(*grids: Grid) -> list[Grid]:
    return [grid for grid in grids if grid.rows]
