"""Two experiments side by side, target by target; or two targets of one experiment, method by method."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from polysteer.differences import Difference
from polysteer.errors import ArtifactError
from polysteer.report.comparability import (
    Sides,
    Unlike,
    find_unlike_origins,
    find_unlike_rows,
    list_differences,
    tell_unlike,
    title_unlike,
)
from polysteer.report.data import Answer, Grid, ReportRow
from polysteer.report.methods import STEERED, name_method, order_methods
from polysteer.report.metric import read_metric
from polysteer.report.metric_grids import find_view, select_means, write_row
from polysteer.report.origin import read_origins
from polysteer.report.reading import list_targets, read_results
from polysteer.report.units import title_metric, write_difference
from polysteer.report.words import number, size

NO_TEST = "Nothing tests A against B: set the difference beside both intervals."
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
    origins = read_origins(database)
    unlike = [*find_unlike_rows(_list_masks(pairs)), *find_unlike_origins(origins[a], origins[b])]
    notes = [f"A is {a}, B is {b}: {title_metric(metric)} on test.", *tell_unlike(unlike)]
    if target is None:
        for name, targets in has.items():
            alone = [one for one in targets if one not in common]
            notes += [f"Only {name} has {', '.join(alone)}."] if alone else []
    grids = (_draw_experiments(pairs, common, metric, unlike), _draw_costs(costs))
    records = [_record(a, b, pair) for pair in [*pairs, *costs]]
    facts = _tell_facts(unlike, list_differences(origins[a], origins[b]))
    return Answer("compare", " ".join([*notes, NO_TEST]), grids, tuple(records), facts)


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
    unlike = list(find_unlike_rows(_list_masks(pairs)))
    title = f"{experiment}: {title_metric(metric)}{title_unlike(unlike)}"
    grid = Grid(title, ("", a, "95 %", b, "95 %", "B - A"), lines)
    note = f"A is {a}, B is {b}, targets of {experiment}: {title_metric(metric)} on test."
    told = " ".join([note, *tell_unlike(unlike), NO_TEST])
    records = tuple(_record(a, b, pair) for pair in [*pairs, *costs])
    return Answer("compare", told, (grid, _draw_costs(costs)), records, _tell_facts(unlike, []))


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


def _list_masks(pairs: Sequence[_Pair]) -> list[Sides]:
    return [(pair.a, pair.b) for pair in pairs if pair.method == STEERED and pair.a and pair.b]


def _tell_facts(unlike: Sequence[Unlike], differing: Sequence[Difference]) -> dict[str, Any]:
    settings = [{"key": one.key, "a": one.old, "b": one.new} for one in differing]
    return {"comparable": not any(one.forbids for one in unlike), "differences": settings}


def _draw_experiments(
    pairs: Sequence[_Pair], targets: Sequence[str], metric: str, unlike: Sequence[Unlike]
) -> Grid:
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
    sides = [f"{side} {column}" for side in "AB" for column in ("baseline", "mask", "95 %")]
    title = f"{title_metric(metric)}, A beside B{title_unlike(unlike)}"
    return Grid(title, ("target", *sides, "B - A"), tuple(lines))


def _draw_costs(costs: Sequence[_Pair]) -> Grid:
    """What the gains cost, and how many neurons were held."""
    lines = tuple(
        (
            pair.target,
            *(number(side.value if side else None) for side in (pair.a, pair.b)),
            *(size(side.k if side else None) for side in (pair.a, pair.b)),
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
