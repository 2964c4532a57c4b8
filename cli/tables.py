"""A report drawn for a terminal: 80 columns, and nothing that only colour says."""

from collections.abc import Iterable
from itertools import groupby

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from polysteer.report import Report, Summary, tell_target
from polysteer.report.data import ReportRow
from polysteer.report.words import number, percent, probability, tell_briefly, times
from polysteer.store.rows import EXPERT_JACCARD, HALVES_SUFFIX, SCORE_CORRELATION, TOP1_FROM_SENTENCES

METHOD_NAMES = {
    "baseline": "no mask",
    "steered": "target mask",
    "control": "random, mean",
    "best_control": "random, best",
    "control_at_expert_values": "random, their values",
    "permuted": "values permuted",
    "other_masks": "other targets' masks",
    "mask_and_centred": "mask + centred",
    "mask_and_erased": "mask + erased",
    "mean_difference": "mean difference",
    "centred": "centred",
    "erased": "erased",
    "random_subspace": "random erased",
    "procrustes": "Procrustes",
    "contrastive": "fine-tuned",
    "surface": "n-grams",
}
METHODS_BY_LAYER = ("baseline", "steered", "control", "mean_difference", "centred", "erased")


def draw_report(report: Report, *, single: bool) -> RenderableType:
    """One target in full, or all targets in one table."""
    if single:
        return Group(*(part for summary in report.summaries for part in _draw_target(report, summary)))
    brief = (Text(tell_briefly(report, summary)) for summary in report.summaries)
    tables = (
        _draw_summaries(experiment, list(summaries))
        for experiment, summaries in groupby(report.summaries, key=lambda summary: summary.experiment)
    )
    return Group(Padding(Group(*brief), (1, 1)), *tables)


def _draw_target(report: Report, summary: Summary) -> Iterable[RenderableType]:
    yield Padding(Text(tell_target(report, summary)), (1, 1))
    yield _draw_methods(report, summary)
    yield _draw_directions(report, summary.target)
    yield _draw_perplexity(report, summary.target)
    yield _draw_curve(report, summary.target)
    if any(row.target == summary.target and row.view == "efficiency" for row in report.rows):
        yield _draw_efficiency(report, summary)


def _table(title: str, first: str, *columns: str, gap: int = 1) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 0, 0, gap)
    )
    table.add_column(first, no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _draw_summaries(experiment: str, summaries: Iterable[Summary]) -> Table:
    columns = ("none", "mask", "ratio", "gain, 95 %", "p", "random", "rank", "centred", "n-grams", "cost")
    title = f"{experiment}: mean top-1 (%) on test, all ordered pairs, primary layer"
    table = _table(title, "target", *columns, gap=0)
    for summary in summaries:
        table.add_row(
            summary.target,
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
    return table


def _draw_methods(report: Report, summary: Summary) -> Table:
    title = (
        f"{summary.experiment}: mean top-1 (%) on test, all ordered pairs, {summary.candidates} candidates"
    )
    table = _table(title, "", str(summary.layer), "95 %", "own best", "95 %", "layer", "cost")
    for method, name in METHOD_NAMES.items():
        same = report.find(summary.target, method, "top1")
        best = report.find(summary.target, method, "top1", view="best_layer")
        if same is None and best is None:
            continue
        cost = report.value(summary.target, method, "cost")
        table.add_row(
            name, *_share_and_interval(same), *_share_and_interval(best), _layer(best), number(cost)
        )
    return table


def _draw_directions(report: Report, target: str) -> Table:
    table = _table(
        "Mean top-1 (%) at the same layer, by direction",
        "",
        f"into {target}",
        f"out of {target}",
        f"without {target}",
    )
    ends = (("*", target), (target, "*"), (f"!{target}", f"!{target}"))
    for method, name in METHOD_NAMES.items():
        found = [report.find(target, method, "top1", source=a, reference=b) for a, b in ends]
        if any(found):
            table.add_row(name, *(_points(row.value if row else None) for row in found))
    return table


def _draw_perplexity(report: Report, target: str) -> Table:
    table = _table("Perplexity", "text", "no mask", "target mask", "ratio")
    before, after = (_perplexity_by_language(report, target, method) for method in ("baseline", "steered"))
    for language in sorted(before.keys() & after.keys(), key=lambda language: (language != target, language)):
        ratio = after[language] / before[language]
        table.add_row(language, number(before[language]), number(after[language]), times(ratio))
    return table


def _perplexity_by_language(report: Report, target: str, method: str) -> dict[str, float]:
    wanted = (target, method, "perplexity", "same_layer")
    return {
        str(row.source): row.value
        for row in report.rows
        if (row.target, row.method, row.metric, row.view) == wanted
    }


def _draw_curve(report: Report, target: str) -> Table:
    rows = [row for row in report.rows if row.target == target and row.view == "curve"]
    shown = [method for method in METHODS_BY_LAYER if any(row.method == method for row in rows)]
    table = _table("Mean top-1 (%) by layer", "layer", *(METHOD_NAMES[method] for method in shown))
    top1 = {(row.layer, row.method): row.value for row in rows}
    for layer in dict.fromkeys(row.layer for row in rows):
        table.add_row(str(layer), *(_points(top1.get((layer, method))) for method in shown))
    return table


def _draw_efficiency(report: Report, summary: Summary) -> Table:
    title = "Experts from fewer sentences: means over draws, at the same layer"
    columns = ("mean top-1 (%)", "gain", "same experts", "score correlation")
    table = _table(title, "sentences per language", *columns)
    found = {
        (row.n, row.metric): row.value
        for row in report.rows
        if row.target == summary.target and row.view == "efficiency"
    }
    for n in sorted({n for n, metric in found if n is not None and not metric.endswith(HALVES_SUFFIX)}):
        top1 = found.get((n, TOP1_FROM_SENTENCES))
        gain = "-" if top1 is None else f"{100 * (top1 - summary.baseline):+.1f}"
        jaccard, correlation = (found.get((n, name)) for name in (EXPERT_JACCARD, SCORE_CORRELATION))
        table.add_row(str(n), _points(top1), gain, percent(jaccard), number(correlation))
    for n in sorted({n for n, metric in found if n is not None and metric.endswith(HALVES_SUFFIX)}):
        names = (f"{EXPERT_JACCARD}{HALVES_SUFFIX}", f"{SCORE_CORRELATION}{HALVES_SUFFIX}")
        jaccard, correlation = (found.get((n, name)) for name in names)
        table.add_row(f"{n} and the others", "-", "-", percent(jaccard), number(correlation))
    return table


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
