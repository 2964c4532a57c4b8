"""Without an option: one target in full, or a line and a row for each."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import chain

from polysteer.grid import Grid
from polysteer.layout import BASELINE
from polysteer.metrics.names import EXPERT_JACCARD, HALVES_SUFFIX, SCORE_CORRELATION, TOP1_FROM_SENTENCES
from polysteer.numbers import write_exactly
from polysteer.report.answer import Answer, Summary
from polysteer.report.digits import number, percent, probability, size, times, write_difference, write_value
from polysteer.report.grids import grid_arms, grid_directions, grid_layers, keep_told
from polysteer.report.language_model import grid_language_model
from polysteer.report.question import Question, View
from polysteer.report.sentences import count_candidates, list_sentences, tell_briefly
from polysteer.report.shown_arms import name_arm
from polysteer.report.summarizing import Headline, summarize
from polysteer.report.views.study import has_study, show_study


def show_headline(question: Question) -> Answer:
    """Below one experiment in whole stands what its plain model does by layer, where that was measured."""
    database, target = question.database, question.target
    found = [summarize(database, experiment=name, target=target) for name in question.experiments]
    headlines = [*chain(*found)]
    parts: list[str | Grid] = []
    if target is not None or [one.summary.target for one in headlines] == [None]:
        parts += [part for one in headlines for part in _show_target(one)]
    else:
        for several in filter(None, found):
            parts += ["\n".join(map(tell_briefly, several)), grid_summaries(several)]
    if question.is_of_one and target is None and has_study(database, *question.experiments):
        parts += show_study(question).parts
    return Answer(
        parts=tuple(parts),
        records=tuple(asdict(row) for one in headlines for row in one.rows),
        summaries=tuple(one.summary for one in headlines),
    )


def _show_target(headline: Headline) -> Iterator[str | Grid]:
    summary, target = headline.summary, headline.summary.target
    title = f"{summary.experiment}: mean top-1 (%) on test, all ordered pairs, {count_candidates(summary)}"
    arms = headline.list_arms()
    costs = {arm: number(headline.value(arm, "cost")) for arm in arms}
    grids = [grid_arms(title, headline, "top1", {"cost": costs})]
    if target is not None:
        title = "Mean top-1 (%) at the same layer, by direction"
        grids.append(grid_directions(title, headline, "top1", target, "same_layer", arms))
    grids.append(_grid_perplexity(headline))
    if target is not None:
        grids.append(grid_language_model(headline, target))
    yield "\n".join(list_sentences(headline))
    yield from keep_told(*grids, _grid_curve(headline), grid_efficiency(headline))


def _grid_perplexity(headline: Headline) -> Grid:
    """The target's own text first."""
    target, columns = headline.summary.target, (BASELINE, headline.acting)
    before, after = (headline.find_by_language("perplexity", "same_layer", name) for name in columns)
    languages = sorted(before.keys() & after.keys(), key=lambda one: (one != target, one))
    lines = tuple(
        (one, number(before[one]), number(after[one]), times(after[one] / before[one])) for one in languages
    )
    return Grid("Perplexity", ("text", *map(name_arm, columns), "ratio"), lines)


def _grid_curve(headline: Headline) -> Grid:
    """Of the arms that stand at every layer."""
    curves = {arm: headline.find_by_layer("top1", arm) for arm in headline.list_arms()}
    most = max(map(len, curves.values()), default=0)
    shown = {name_arm(arm): curve for arm, curve in curves.items() if len(curve) == most}
    return grid_layers("Mean top-1 (%) by layer", shown, "top1")


def grid_summaries(found: Sequence[Headline]) -> Grid:
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


def grid_efficiency(headline: Headline) -> Grid:
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


VIEW = View("", show_headline)
