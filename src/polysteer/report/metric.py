"""One metric, or one layer: by method, by direction, by language, and over the layers."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from polysteer.errors import ArtifactError
from polysteer.report.data import Answer, Grid, ReportRow
from polysteer.report.metric_grids import draw_target, draw_targets
from polysteer.report.reading import list_asked, read_curve, read_layer, read_results
from polysteer.report.units import title_metric


def show_metric(
    database: Path,
    experiments: Sequence[str],
    *,
    metric: str,
    target: str | None = None,
    layer: str | None = None,
) -> Answer:
    """The numbers of a metric; at a layer that is asked for, or in both views and over all layers."""
    grids: list[Grid] = []
    rows: list[ReportRow] = []
    for experiment in experiments:
        asked = list_asked(database, experiment, target)
        found = [read_metric(database, experiment, one, metric=metric, layer=layer) for one in asked]
        grids += draw_target(found[0]) if len(found) == 1 else draw_targets(found)
        rows += [row for one in found for row in one]
    return Answer("metric", _explain(metric, layer), tuple(grids), tuple(asdict(row) for row in rows))


def read_metric(
    database: Path, experiment: str, target: str | None, *, metric: str, layer: str | None
) -> list[ReportRow]:
    """The rows of one metric for one target."""
    if layer is None:
        found = read_results(database, experiment, target)
    else:
        found = read_layer(database, experiment, target, layer)
    rows = [row for row in found if row.metric == metric]
    if layer is None:
        rows += read_curve(database, experiment, target, metric)
    if not rows:
        where = f" at layer {layer}" if layer is not None else ""
        raise ArtifactError(
            f"experiment {experiment!r} has no mean of {metric!r}{where} for what was picked on dev; "
            "look for single pairs with --all-pairs, or ask with `steer query`"
        )
    return rows


def _explain(metric: str, layer: str | None) -> str:
    if layer is None:
        return f"{title_metric(metric)} on test, of what was picked on dev."
    return (
        f"{title_metric(metric)} at layer {layer} on test. What is compared was picked on dev for the "
        "primary layer, not for this one."
    )
