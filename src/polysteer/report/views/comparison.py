"""`--compare`: two experiments, target by target; or two targets of one experiment, arm by arm."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from polysteer.errors import ArtifactError
from polysteer.grid import Grid
from polysteer.layout import BASELINE, MASK
from polysteer.report.answer import Answer, Record, explain
from polysteer.report.comparability import (
    find_unlike_origins,
    find_unlike_rows,
    list_differences,
    tell_unlike,
    title_unlike,
)
from polysteer.report.contents import list_targets
from polysteer.report.digits import number, size, title_metric, write_difference
from polysteer.report.grids import write_row
from polysteer.report.measured import Measured, ReportRow
from polysteer.report.origins import read_origins
from polysteer.report.queries import read_results
from polysteer.report.question import Question, Subject, View
from polysteer.report.shown_arms import name_arm, order_arms
from polysteer.report.views.metric import find_view, read_metric

NO_TEST = "Nothing tests A against B: set the difference beside both intervals."
Means = Mapping[str, ReportRow]
Sides = tuple[Subject, Subject]
OF_SIDE = ("layer", "k", "candidates", "value", "ci_low", "ci_high")


class _Pair(NamedTuple):
    """One arm at one place, on both sides; None is what a side lacks."""

    target: str
    arm: str
    a: ReportRow | None = None
    b: ReportRow | None = None

    @property
    def difference(self) -> float | None:
        """B less A."""
        return self.b.value - self.a.value if self.a and self.b else None


def show_comparison(question: Question) -> Answer:
    """Targets that one experiment lacks are said; what has no target is the same for two of one."""
    has = _list_targets(question)
    places = _list_places(question, has)
    pairs = _pair(places, partial(_read_means, question))
    costs = _pair(places, partial(_read_costs, question.database))
    origins = read_origins(question.database)
    a, b = (origins[side.experiment] for side in next(iter(places.values())))
    masks = [(pair.a, pair.b) for pair in pairs if pair.arm == MASK and pair.a and pair.b]
    unlike = [*find_unlike_rows(masks), *find_unlike_origins(a, b)]
    draw = _grid_targets if question.compares_targets else _grid_experiments
    told = f"{_name_sides(question)}: {title_metric(question.metric)} on test."
    return explain(
        "compare",
        " ".join([told, *tell_unlike(unlike), *_tell_alone(question, has), NO_TEST]),
        (draw(question, pairs, title_unlike(unlike)), _grid_costs(costs)),
        (_record(question, pair) for pair in [*pairs, *costs]),
        comparable=not any(one.forbids for one in unlike),
        differences=[{"key": one.key, "a": one.old, "b": one.new} for one in list_differences(a, b)],
    )


def _list_targets(question: Question) -> dict[str, list[str]]:
    """Of each of two experiments; none of one whose targets are compared."""
    sides = () if question.compares_targets else question.sides
    return {name: list_targets(question.database, name) for name in sides}


def _list_places(question: Question, has: Mapping[str, Sequence[str]]) -> dict[str, Sides]:
    """What stands beside what: two targets of the one experiment, or two experiments' common targets."""
    a, b = question.sides
    if question.compares_targets:
        name = question.experiments[0]
        return {f"{a}, {b}": (Subject(name, a), Subject(name, b))}
    common = [one for one in has[a] if one in has[b] and question.target in (None, one)]
    if not common:
        told = "; ".join(f"{name} has {', '.join(found) or 'none'}" for name, found in has.items())
        raise ArtifactError(f"{a!r} and {b!r} have no target in common: {told}")
    return {target: (Subject(a, target), Subject(b, target)) for target in common}


def _name_sides(question: Question) -> str:
    a, b = question.sides
    of = f", targets of {question.experiments[0]}" if question.compares_targets else ""
    return f"A is {a}, B is {b}{of}"


def _tell_alone(question: Question, has: Mapping[str, Sequence[str]]) -> list[str]:
    """Which targets one of two experiments has alone."""
    if question.target is not None or not has:
        return []
    common = set.intersection(*map(set, has.values()))
    alone = {name: [one for one in targets if one not in common] for name, targets in has.items()}
    return [f"Only {name} has {', '.join(targets)}." for name, targets in alone.items() if targets]


def _read_means(question: Question, side: Subject) -> Means:
    rows = read_metric(question.database, side, metric=question.metric, layer=question.layer)
    return Measured(tuple(rows)).find_means(question.metric, find_view(rows))


def _read_costs(database: Path, side: Subject) -> Means:
    return Measured(tuple(read_results(database, side))).find_means("cost", "same_layer")


def _pair(places: Mapping[str, Sides], read: Callable[[Subject], Means]) -> list[_Pair]:
    pairs = []
    for name, sides in places.items():
        a, b = map(read, sides)
        pairs += [_Pair(name, arm, a.get(arm), b.get(arm)) for arm in order_arms([*a, *b])]
    return pairs


def _grid_targets(question: Question, pairs: Sequence[_Pair], unlike: str) -> Grid:
    """Methods are rows."""
    a, b = question.sides
    gain = partial(write_difference, question.metric)
    lines = tuple(
        (name_arm(pair.arm), *write_row(pair.a), *write_row(pair.b), gain(pair.difference)) for pair in pairs
    )
    title = f"{question.experiments[0]}: {title_metric(question.metric)}{unlike}"
    return Grid(title, ("", a, "95 %", b, "95 %", "B - A"), lines)


def _grid_experiments(question: Question, pairs: Sequence[_Pair], unlike: str) -> Grid:
    """Targets are rows: the baseline and the mask."""
    by_place = {(pair.target, pair.arm): pair for pair in pairs}
    lines = []
    for target in dict.fromkeys(pair.target for pair in pairs):
        plain, mask = (by_place.get((target, arm), _Pair(target, arm)) for arm in (BASELINE, MASK))
        a, b = (write_row(plain.a)[0], *write_row(mask.a)), (write_row(plain.b)[0], *write_row(mask.b))
        lines.append((target, *a, *b, write_difference(question.metric, mask.difference)))
    columns = (name_arm(BASELINE), name_arm(MASK), "95 %")
    header = ("target", *(f"{side} {column}" for side in "AB" for column in columns), "B - A")
    return Grid(f"{title_metric(question.metric)}, A beside B{unlike}", header, tuple(lines))


def _grid_costs(costs: Sequence[_Pair]) -> Grid:
    """What the gains cost, and how many neurons were held."""
    lines = tuple(
        (
            pair.target,
            *(number(side.value if side else None) for side in (pair.a, pair.b)),
            *(size(side.k if side else None) for side in (pair.a, pair.b)),
        )
        for pair in costs
        if pair.arm == MASK
    )
    return Grid("Cost in perplexity, and k", ("target", "A cost", "B cost", "A k", "B k"), lines)


def _record(question: Question, pair: _Pair) -> Record:
    a, b = question.sides
    metric = next(side.metric for side in (pair.a, pair.b) if side)
    sides = {
        f"{name}_{field}": getattr(side, field, None)
        for name, side in (("a", pair.a), ("b", pair.b))
        for field in OF_SIDE
    }
    named = {"a": a, "b": b, "target": pair.target, "arm": pair.arm, "metric": metric}
    return {**named, **sides, "difference": pair.difference}


VIEW = View("--compare", show_comparison)
