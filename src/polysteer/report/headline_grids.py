"""Tables of the headline: all targets beside each other, and experts from fewer sentences."""

from collections.abc import Sequence

from polysteer.grid import Grid
from polysteer.layout import BASELINE
from polysteer.metrics.names import EXPERT_JACCARD, HALVES_SUFFIX, SCORE_CORRELATION, TOP1_FROM_SENTENCES
from polysteer.numbers import write_exactly
from polysteer.report.answer import Summary
from polysteer.report.digits import number, percent, probability, size, times
from polysteer.report.headline import Headline
from polysteer.report.sentences import count_candidates
from polysteer.report.shown_arms import name_arm
from polysteer.report.units import write_difference, write_value


def draw_summaries(found: Sequence[Headline]) -> Grid:
    """What all targets share stands in the title, what differs in a column."""
    first = found[0].summary
    shared = [f"{first.experiment}: mean top-1 (%) on test by target"]
    sides = [name_arm(BASELINE), name_arm(found[0].acting)]
    columns = [*sides, "ratio", "gain, 95 %", "p", "random", "rank", "centred", "n-grams", "cost"]
    lines = [_summarize(one.summary) for one in found]
    for name, values in (
        ("layer", [str(one.summary.layer) for one in found]),
        ("k", [size(one.summary.k) for one in found]),
        ("intervention", [one.swept.intervention or "-" for one in found]),
        ("strength", [write_exactly(one.swept.strength) if one.swept.strength else "-" for one in found]),
        ("sites", [one.swept.sites or "-" for one in found]),
        ("pooling", [one.swept.response_pooling or "-" for one in found]),
        ("candidates", [str(one.summary.candidates) for one in found]),
    ):
        if set(values) == {"-"}:
            continue
        if len(set(values)) == 1:
            shared.append(count_candidates(first) if name == "candidates" else f"{name} {values[0]}")
        else:
            columns.append(name)
            lines = [(*line, value) for line, value in zip(lines, values, strict=True)]
    return Grid(", ".join(shared), ("", *columns), tuple(lines))


def _summarize(summary: Summary) -> tuple[str, ...]:
    low, high = summary.ci_low, summary.ci_high
    return (
        summary.name,
        write_value("top1", summary.baseline),
        write_value("top1", summary.steered),
        times(summary.ratio),
        "-" if low is None or high is None else f"{100 * low:+.1f}..{100 * high:+.1f}",
        probability(summary.p_value),
        write_value("top1", summary.control),
        f"{summary.control_rank}/{1 + summary.draws}" if summary.control_rank else "-",
        write_value("top1", summary.centred),
        write_value("top1", summary.surface),
        number(summary.cost),
    )


def draw_efficiency(headline: Headline) -> Grid:
    """Means over draws, and over ways to halve all sentences."""
    found = {(row.n or 0, row.metric): row.value for row in headline.rows if row.view == "efficiency"}
    lines = []
    for suffix, more in (("", ""), (HALVES_SUFFIX, " and the others")):
        top1_name, *names = (
            f"{name}{suffix}" for name in (TOP1_FROM_SENTENCES, EXPERT_JACCARD, SCORE_CORRELATION)
        )
        for n in sorted({n for n, metric in found if metric in (top1_name, *names)}):
            top1, jaccard, correlation = (found.get((n, name)) for name in (top1_name, *names))
            gain = None if top1 is None else top1 - headline.summary.baseline
            told = (write_value("top1", top1), write_difference("top1", gain))
            lines.append((f"{n}{more}", *told, percent(jaccard), number(correlation)))
    return Grid(
        "Experts from fewer sentences: means over draws, at the same layer",
        ("sentences per language", "mean top-1 (%)", "gain", "same experts", "score correlation"),
        tuple(lines),
    )
