"""Two experiments side by side, target by target; or two targets of one experiment, method by method."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from polysteer.errors import ArtifactError
from polysteer.report.data import Answer, Grid, ReportRow
from polysteer.report.methods import STEERED, name_method, order_methods
from polysteer.report.metric import read_metric
from polysteer.report.metric_grids import find_view, select_means, write_row
from polysteer.report.reading import list_targets, read_results
from polysteer.report.units import title_metric, write_difference
from polysteer.report.words import number
from polysteer.store import query_database

NO_TEST = "Nothing tests A against B: set the difference beside both intervals."
MODELS = "SELECT DISTINCT model FROM metrics WHERE experiment = $experiment ORDER BY model"
OF_SIDE = ("layer", "k", "candidates", "value", "ci_low", "ci_high")

Means = Mapping[str, ReportRow]


class _Pair(NamedTuple):
    """One method for one target, on both sides; None is what a side lacks."""

    target: str
    method: str
    a: ReportRow | None
    b: ReportRow | None

    @property
    def difference(self) -> float | None:
        """B less A."""
        return self.b.value - self.a.value if self.a and self.b else None


def compare_experiments(
    database: Path,
    a: str,
    b: str,
    *,
    metric: str = "top1",
    target: str | None = None,
    layer: str | None = None,
) -> Answer:
    """Targets are rows; those that one experiment lacks are said, not guessed."""
    has = {name: list_targets(database, name) for name in (a, b)}
    common = _match_targets(has, target)
    pairs, costs = [], []
    for one in common:
        sides = [_read_means(database, name, one, metric, layer) for name in (a, b)]
        pairs += _pair(one, *sides)
        costs += _pair(one, *(_read_costs(database, name, one) for name in (a, b)))
    notes = [f"A is {a}, B is {b}: {title_metric(metric)} on test.", *_warn(database, a, b, pairs)]
    if target is None:
        for name, targets in has.items():
            alone = [one for one in targets if one not in common]
            notes += [f"Only {name} has {', '.join(alone)}."] if alone else []
    grids = (_draw_experiments(pairs, common, metric), _draw_costs(costs))
    records = [_record(a, b, pair) for pair in [*pairs, *costs]]
    return Answer("compare", " ".join([*notes, NO_TEST]), grids, tuple(records))


def compare_targets(
    database: Path, experiment: str, a: str, b: str, *, metric: str = "top1", layer: str | None = None
) -> Answer:
    """Methods are rows; what has no target is the same on both sides."""
    both = f"{a}, {b}"
    pairs = _pair(both, *(_read_means(database, experiment, one, metric, layer) for one in (a, b)))
    costs = _pair(both, *(_read_costs(database, experiment, one) for one in (a, b)))
    lines = tuple(
        (
            name_method(pair.method),
            *write_row(metric, pair.a),
            *write_row(metric, pair.b),
            write_difference(metric, pair.difference),
        )
        for pair in pairs
    )
    grid = Grid(f"{experiment}: {title_metric(metric)}", ("", a, "95 %", b, "95 %", "B - A"), lines)
    note = f"A is {a}, B is {b}, targets of {experiment}: {title_metric(metric)} on test. {NO_TEST}"
    records = tuple(_record(a, b, pair) for pair in [*pairs, *costs])
    return Answer("compare", note, (grid, _draw_costs(costs)), records)


def _match_targets(has: Mapping[str, Sequence[str]], target: str | None) -> list[str]:
    a, b = has
    common = [one for one in has[a] if one in has[b] and target in (None, one)]
    if not common:
        told = "; ".join(f"{name} has {', '.join(found) or 'none'}" for name, found in has.items())
        raise ArtifactError(f"{a!r} and {b!r} have no target in common: {told}")
    return common


def _read_means(database: Path, experiment: str, target: str, metric: str, layer: str | None) -> Means:
    rows = read_metric(database, experiment, target, metric=metric, layer=layer)
    return select_means(rows, find_view(rows))


def _read_costs(database: Path, experiment: str, target: str) -> Means:
    rows = [row for row in read_results(database, experiment, target) if row.metric == "cost"]
    return select_means(rows, "same_layer")


def _pair(target: str, a: Means, b: Means) -> list[_Pair]:
    return [_Pair(target, method, a.get(method), b.get(method)) for method in order_methods([*a, *b])]


def _warn(database: Path, a: str, b: str, pairs: Sequence[_Pair]) -> Iterator[str]:
    masks = [(pair.a, pair.b) for pair in pairs if pair.method == STEERED]
    for n_a, n_b in dict.fromkeys((one.candidates, two.candidates) for one, two in masks if one and two):
        if n_a != n_b:
            yield f"NOT COMPARABLE as they stand: A is looked up among {n_a} candidates, B among {n_b}."
    for layer_a, layer_b in dict.fromkeys((one.layer, two.layer) for one, two in masks if one and two):
        if layer_a != layer_b:
            yield f"A stands at layer {layer_a}, B at layer {layer_b}."
    models = [
        ", ".join(query_database(database, MODELS, {"experiment": name}).column("model")) for name in (a, b)
    ]
    if models[0] != models[1]:
        yield f"The models differ: {models[0]} and {models[1]}."


def _draw_experiments(pairs: Sequence[_Pair], targets: Sequence[str], metric: str) -> Grid:
    by_place = {(pair.target, pair.method): pair for pair in pairs}
    lines = []
    for target in targets:
        plain = by_place.get((target, "baseline"), _Pair(target, "baseline", None, None))
        mask = by_place.get((target, STEERED), _Pair(target, STEERED, None, None))
        cells = [
            cell
            for before, after in ((plain.a, mask.a), (plain.b, mask.b))
            for cell in (write_row(metric, before)[0], *write_row(metric, after))
        ]
        lines.append((target, *cells, write_difference(metric, mask.difference)))
    sides = [f"{side} {column}" for side in "AB" for column in ("none", "mask", "95 %")]
    return Grid(f"{title_metric(metric)}, A beside B", ("target", *sides, "B - A"), tuple(lines))


def _draw_costs(costs: Sequence[_Pair]) -> Grid:
    """What the gains cost, and how many neurons were held."""
    lines = tuple(
        (
            pair.target,
            *(number(side.value if side else None) for side in (pair.a, pair.b)),
            *(number(side.k if side else None) for side in (pair.a, pair.b)),
        )
        for pair in costs
        if pair.method == STEERED
    )
    return Grid("Cost in perplexity, and k", ("target", "A cost", "B cost", "A k", "B k"), lines)


def _record(a: str, b: str, pair: _Pair) -> dict[str, Any]:
    metric = next(side.metric for side in (pair.a, pair.b) if side)
    sides = {
        f"{name}_{field}": getattr(side, field, None)
        for name, side in (("a", pair.a), ("b", pair.b))
        for field in OF_SIDE
    }
    named = {"a": a, "b": b, "target": pair.target, "method": pair.method, "metric": metric}
    return {**named, **sides, "difference": pair.difference}
