"""Without an option: one target in full, or a line and a row for each."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from polysteer.grid import Grid
from polysteer.layout import BASELINE
from polysteer.report.answer import Answer
from polysteer.report.digits import number, times
from polysteer.report.grids import draw_directions, draw_layers, draw_methods, keep_told
from polysteer.report.headline import Headline, summarize
from polysteer.report.headline_grids import draw_efficiency, draw_summaries
from polysteer.report.language_model import draw_language_model
from polysteer.report.question import Question
from polysteer.report.sentences import count_candidates, list_sentences, tell_briefly
from polysteer.report.shown_arms import name_arm
from polysteer.report.view import View
from polysteer.report.views.study import has_study, show_study


def show_headline(question: Question) -> Answer:
    """Below one experiment in whole stands what its plain model does by layer, where that was measured."""
    found = {
        name: summarize(question.database, experiment=name, target=question.target)
        for name in question.experiments
    }
    headlines = [one for of_one in found.values() for one in of_one]
    parts: list[str | Grid] = []
    if question.target is not None or [one.summary.target for one in headlines] == [None]:
        parts += [part for one in headlines for part in _show_target(one)]
    else:
        parts += [part for of_one in found.values() if of_one for part in _show_targets(of_one)]
    if question.is_of_one and question.target is None and has_study(question.database, *question.experiments):
        parts += show_study(question).parts
    return Answer(
        parts=tuple(parts),
        records=tuple(asdict(row) for one in headlines for row in one.rows),
        summaries=tuple(one.summary for one in headlines),
    )


def _show_targets(found: Sequence[Headline]) -> tuple[str | Grid, ...]:
    return "\n".join(map(tell_briefly, found)), draw_summaries(found)


def _show_target(headline: Headline) -> Iterator[str | Grid]:
    summary, target = headline.summary, headline.summary.target
    title = f"{summary.experiment}: mean top-1 (%) on test, all ordered pairs, {count_candidates(summary)}"
    arms = headline.list_methods()
    costs = {arm: number(headline.value(arm, "cost")) for arm in arms}
    grids = [draw_methods(title, headline, "top1", {"cost": costs})]
    if target is not None:
        title = "Mean top-1 (%) at the same layer, by direction"
        grids.append(draw_directions(title, headline, "top1", target, "same_layer", arms))
    grids.append(_draw_perplexity(headline))
    if target is not None:
        grids.append(draw_language_model(headline, target))
    yield "\n".join(list_sentences(headline))
    yield from keep_told(*grids, _draw_curve(headline), draw_efficiency(headline))


def _draw_perplexity(headline: Headline) -> Grid:
    """The target's own text first."""
    target, columns = headline.summary.target, (BASELINE, headline.acting)
    before, after = (headline.find_by_language("perplexity", "same_layer", name) for name in columns)
    lines = tuple(
        (
            language,
            number(before[language]),
            number(after[language]),
            times(after[language] / before[language]),
        )
        for language in sorted(before.keys() & after.keys(), key=lambda one: (one != target, one))
    )
    return Grid("Perplexity", ("text", *map(name_arm, columns), "ratio"), lines)


def _draw_curve(headline: Headline) -> Grid:
    """Of the arms that stand at every layer."""
    curves = {arm: headline.find_by_layer("top1", arm) for arm in headline.list_methods()}
    most = max(map(len, curves.values()), default=0)
    shown = {name_arm(arm): curve for arm, curve in curves.items() if len(curve) == most}
    return draw_layers("Mean top-1 (%) by layer", shown, "top1")


VIEW = View("", show_headline)
