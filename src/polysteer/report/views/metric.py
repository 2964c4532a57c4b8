"""`--metric` and `--layer`: one metric by arm, by direction, by language, and over the layers."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from polysteer.errors import ArtifactError
from polysteer.grid import Grid
from polysteer.layout import BASELINE, MASK
from polysteer.report.answer import Answer, explain
from polysteer.report.digits import title_metric, write_difference
from polysteer.report.grids import (
    grid_arms,
    grid_directions,
    grid_layers,
    grid_places,
    keep_told,
    write_row,
)
from polysteer.report.measured import Measured, ReportRow
from polysteer.report.queries import read_curve, read_layer, read_results
from polysteer.report.question import Question, Subject, View
from polysteer.report.shown_arms import VARIANT, name_arm, order_arms

AT_LAYER = "at_layer"


def show_metric(question: Question) -> Answer:
    """The numbers of a metric; at a layer that is asked for, or in both views and over all layers."""
    metric, layer = question.metric, question.layer
    grids: list[Grid] = []
    rows: list[ReportRow] = []
    for experiment in question.experiments:
        subjects = [Subject(experiment, target) for target in question.list_targets(experiment)]
        found = [read_metric(question.database, one, metric=metric, layer=layer) for one in subjects]
        rows += [row for one in found for row in one]
        told = [_label_variants(one) for one in found]
        grids += grid_target(told[0]) if len(told) == 1 else _grid_targets(told)
    return explain("metric", _explain(metric, layer), grids, map(asdict, rows))


def read_metric(database: Path, subject: Subject, *, metric: str, layer: str | None) -> list[ReportRow]:
    """The rows of one metric for one target."""
    found = read_results(database, subject) if layer is None else read_layer(database, subject, layer)
    rows = [row for row in found if row.metric == metric]
    if layer is None:
        rows += read_curve(database, subject, metric)
    if not rows:
        where = f" at layer {layer}" if layer is not None else ""
        raise ArtifactError(
            f"experiment {subject.experiment!r} has no mean of {metric!r}{where} for what was picked on dev; "
            "look for single pairs with --all-pairs, or ask with `steer query`"
        )
    return rows


def find_view(rows: Sequence[ReportRow]) -> str:
    """The view that comes first: the same layer, or the one layer that was asked for."""
    return AT_LAYER if any(row.view == AT_LAYER for row in rows) else "same_layer"


def grid_target(measured: Measured) -> list[Grid]:
    """Everything of one target."""
    first, view, arms = measured.rows[0], find_view(measured.rows), measured.list_arms()
    metric, whom = first.metric, filter(None, (first.experiment, first.target))
    head = f"{', '.join(whom)}: {title_metric(metric)}"
    title, target = f"{head}, by direction", str(first.target)
    return keep_told(
        _grid_layer(head, measured) if view == AT_LAYER else grid_arms(head, measured, metric),
        grid_directions(title, measured, metric, target, view, arms),
        *_grid_places(head, [(name_arm(arm), measured, arm) for arm in arms]),
    )


def _grid_targets(found: Sequence[Measured]) -> list[Grid]:
    """Several targets: all arms for each, then each target's mask by language and by layer."""
    first, view = found[0].rows[0], find_view(found[0].rows)
    metric, head = first.metric, f"{first.experiment}: {title_metric(first.metric)}"
    means = {str(one.rows[0].target): one.find_means(metric, view) for one in found}
    arms = {
        name_arm(arm): {target: of[arm].value for target, of in means.items() if arm in of}
        for arm in order_arms(row.arm for one in found for row in one.rows)
    }
    # The plain model is the same for all.
    columns = [(BASELINE, found[-1], BASELINE), *((str(one.rows[0].target), one, MASK) for one in found)]
    return keep_told(
        grid_places(f"{head}, by target", "target", arms, metric),
        *_grid_places(head, columns, ": baseline, then each target's mask"),
    )


def _grid_places(head: str, columns: Sequence[tuple[str, Measured, str]], told: str = "") -> list[Grid]:
    """By language, and by layer unless all stand at one, which the other tables show."""
    rows = columns[0][1].rows
    metric, view = rows[0].metric, find_view(rows)
    languages = {name: one.find_by_language(metric, view, arm) for name, one, arm in columns}
    layers = {name: one.find_by_layer(metric, arm) for name, one, arm in columns}
    grids = [grid_places(f"{head}, by language{told}", "text", languages, metric)]
    if len({layer for cells in layers.values() for layer in cells}) > 1:
        grids.append(grid_layers(f"{head}, by layer{told}", layers, metric))
    return grids


def _grid_layer(head: str, measured: Measured) -> Grid:
    metric = measured.rows[0].metric
    means = measured.find_means(metric, AT_LAYER)
    plain = means.get(BASELINE)
    gains = {arm: row.value - plain.value if plain else None for arm, row in means.items()}
    lines = tuple(
        (name_arm(arm), *write_row(means[arm]), write_difference(metric, gains[arm]))
        for arm in order_arms(means)
    )
    return Grid(head, ("", f"layer {measured.rows[0].layer}", "95 %", "over baseline"), lines)


def _label_variants(rows: Sequence[ReportRow]) -> Measured:
    """The checkpoint, and how tokens were pooled, become part of the arm where there are several."""
    labelled = list(rows)
    for name in ("revision", "embedding_pooling"):
        if len({getattr(row, name) for row in rows} - {None}) > 1:
            labelled = [
                replace(row, arm=f"{row.arm}{VARIANT}{variant}") if (variant := getattr(row, name)) else row
                for row in labelled
            ]
    return Measured(tuple(labelled))


def _explain(metric: str, layer: str | None) -> str:
    if layer is None:
        return f"{title_metric(metric)} on test, of what was picked on dev."
    return (
        f"{title_metric(metric)} at layer {layer} on test. What is compared was picked on dev for the "
        "primary layer, not for this one."
    )


VIEW = View("--metric", show_metric)
