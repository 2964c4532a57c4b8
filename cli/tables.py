"""A report drawn for a terminal: 80 columns, and nothing that only colour says."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from polysteer.cli.grids import Folded
from polysteer.metrics.names import EXPERT_JACCARD, HALVES_SUFFIX, SCORE_CORRELATION, TOP1_FROM_SENTENCES
from polysteer.numbers import write_exactly
from polysteer.report import Grid, Report, ReportRow, Summary
from polysteer.report.language_model import grid_language_model
from polysteer.report.methods import name_method, order_methods
from polysteer.report.words import (
    choose_method,
    count_candidates,
    list_sentences,
    number,
    percent,
    probability,
    size,
    tell_briefly,
    times,
)


def draw_report(report: Report, *, single: bool) -> RenderableType:
    """One target in full, or all targets in one table."""
    if single:
        return Group(*(part for summary in report.summaries for part in _draw_target(report, summary)))
    by_experiment = groupby(report.summaries, key=lambda summary: summary.experiment)
    return Group(*(part for _, summaries in by_experiment for part in _draw_targets(report, list(summaries))))


def _draw_target(report: Report, summary: Summary) -> Iterator[RenderableType]:
    yield Padding(Text("\n".join(list_sentences(report, summary))), (1, 1))
    for grid in (
        _grid_methods(report, summary),
        *([_grid_directions(report, summary.target)] if summary.target else []),
        _grid_perplexity(report, summary),
        *([grid_language_model(report, summary.target)] if summary.target else []),
        _grid_curve(report, summary.target),
        _grid_efficiency(report, summary),
    ):
        if grid.rows:
            yield Folded(grid)


def _draw_targets(report: Report, summaries: Sequence[Summary]) -> Iterator[RenderableType]:
    rows = tuple(row for row in report.rows if row.experiment == summaries[0].experiment)
    own = Report(tuple(summaries), rows, report.swept)
    yield Padding(Group(*(Text(tell_briefly(own, summary)) for summary in summaries)), (1, 1))
    yield Folded(_grid_summaries(own, summaries), gap=0)


def _grid_summaries(report: Report, summaries: Sequence[Summary]) -> Grid:
    """What all targets share stands in the title, what differs in a column."""
    shared = [f"{summaries[0].experiment}: mean top-1 (%) on test by target"]
    sides = [name_method("baseline"), name_method(choose_method(summaries[0]))]
    columns = [*sides, "ratio", "gain, 95 %", "p", "random", "rank", "centred", "n-grams", "cost"]
    lines = [_summarize(summary) for summary in summaries]
    swept = [report.find_swept(summary) for summary in summaries]
    for name, values in (
        ("layer", [str(summary.layer) for summary in summaries]),
        ("k", [size(summary.k) for summary in summaries]),
        ("intervention", [(one and one.intervention) or "-" for one in swept]),
        ("strength", [write_exactly(one.strength) if one and one.strength else "-" for one in swept]),
        ("sites", [(one and one.sites) or "-" for one in swept]),
        ("pooling", [(one and one.response_pooling) or "-" for one in swept]),
        ("candidates", [str(summary.candidates) for summary in summaries]),
    ):
        if set(values) == {"-"}:
            continue
        if len(set(values)) == 1:
            shared.append(count_candidates(summaries[0]) if name == "candidates" else f"{name} {values[0]}")
        else:
            columns.append(name)
            lines = [(*line, value) for line, value in zip(lines, values, strict=True)]
    return Grid(", ".join(shared), ("", *columns), tuple(lines))


def _summarize(summary: Summary) -> tuple[str, ...]:
    return (
        summary.name,
        _points(summary.baseline),
        _points(summary.steered),
        times(summary.ratio),
        _interval(summary.ci_low, summary.ci_high, signed=True),
        probability(summary.p_value),
        _points(summary.control),
        f"{summary.control_rank}/{1 + summary.draws}" if summary.control_rank else "-",
        _points(summary.centred),
        _points(summary.surface),
        number(summary.cost),
    )


def _grid_methods(report: Report, summary: Summary) -> Grid:
    lines = []
    for method in order_methods(row.method for row in report.rows):
        same = report.find(summary.target, method, "top1")
        best = report.find(summary.target, method, "top1", view="best_layer")
        if same is None and best is None:
            continue
        cost = number(report.value(summary.target, method, "cost"))
        spread = (*_share_and_interval(same), *_share_and_interval(best))
        lines.append((name_method(method), *spread, _layer(best), cost))
    return Grid(
        f"{summary.experiment}: mean top-1 (%) on test, all ordered pairs, {count_candidates(summary)}",
        ("", str(summary.layer), "95 %", "own best", "95 %", "layer", "cost"),
        tuple(lines),
    )


def _grid_directions(report: Report, target: str) -> Grid:
    ends = (("*", target), (target, "*"), (f"!{target}", f"!{target}"))
    lines = []
    for method in order_methods(row.method for row in report.rows):
        found = [report.find(target, method, "top1", source=a, reference=b) for a, b in ends]
        if any(found):
            lines.append((name_method(method), *(_points(row.value if row else None) for row in found)))
    return Grid(
        "Mean top-1 (%) at the same layer, by direction",
        ("", f"into {target}", f"out of {target}", f"without {target}"),
        tuple(lines),
    )


def _grid_perplexity(report: Report, summary: Summary) -> Grid:
    target, method = summary.target, choose_method(summary)
    before, after = (_perplexity_by_language(report, target, name) for name in ("baseline", method))
    lines = tuple(
        (
            language,
            number(before[language]),
            number(after[language]),
            times(after[language] / before[language]),
        )
        for language in sorted(before.keys() & after.keys(), key=lambda one: (one != target, one))
    )
    return Grid("Perplexity", ("text", name_method("baseline"), name_method(method), "ratio"), lines)


def _perplexity_by_language(report: Report, target: str | None, method: str) -> dict[str, float]:
    wanted = (target, method, "perplexity", "same_layer")
    return {
        str(row.source): row.value
        for row in report.rows
        if (row.target, row.method, row.metric, row.view) == wanted
    }


def _grid_curve(report: Report, target: str | None) -> Grid:
    rows = [row for row in report.rows if row.target == target and row.view == "curve"]
    n_layers = Counter(row.method for row in rows)
    shown = order_methods(name for name, count in n_layers.items() if count == max(n_layers.values()))
    top1 = {(row.layer, row.method): row.value for row in rows}
    lines = tuple(
        (str(layer), *(_points(top1.get((layer, method))) for method in shown))
        for layer in dict.fromkeys(row.layer for row in rows)
    )
    return Grid("Mean top-1 (%) by layer", ("layer", *map(name_method, shown)), lines)


def _grid_efficiency(report: Report, summary: Summary) -> Grid:
    found = {
        (row.n or 0, row.metric): row.value
        for row in report.rows
        if row.target == summary.target and row.view == "efficiency"
    }
    lines = []
    for suffix, more in (("", ""), (HALVES_SUFFIX, " and the others")):
        top1_name, *names = (
            f"{name}{suffix}" for name in (TOP1_FROM_SENTENCES, EXPERT_JACCARD, SCORE_CORRELATION)
        )
        for n in sorted({n for n, metric in found if metric in (top1_name, *names)}):
            top1, jaccard, correlation = (found.get((n, name)) for name in (top1_name, *names))
            gain = "-" if top1 is None else f"{100 * (top1 - summary.baseline):+.1f}"
            lines.append((f"{n}{more}", _points(top1), gain, percent(jaccard), number(correlation)))
    return Grid(
        "Experts from fewer sentences: means over draws, at the same layer",
        ("sentences per language", "mean top-1 (%)", "gain", "same experts", "score correlation"),
        tuple(lines),
    )


def _points(fraction: float | None) -> str:
    return percent(fraction).removesuffix(" %")


def _share_and_interval(row: ReportRow | None) -> tuple[str, str]:
    return (_points(row.value), _interval(row.ci_low, row.ci_high)) if row else ("-", "-")


def _interval(low: float | None, high: float | None, *, signed: bool = False) -> str:
    if low is None or high is None:
        return "-"
    return f"{100 * low:+.1f}..{100 * high:+.1f}" if signed else f"{100 * low:.1f}..{100 * high:.1f}"


def _layer(row: ReportRow | None) -> str:
    return (row.layer or "-") if row else "-"
