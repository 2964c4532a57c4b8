"""The rows of one target: candidates on dev, the chosen masks on test, the draws of random neurons."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from polysteer.evaluation.case import Case
from polysteer.evaluation.families import list_families
from polysteer.evaluation.pool import list_pool
from polysteer.evaluation.spaces import (
    Series,
    Values,
    list_choice,
    list_dev,
    list_directions,
    list_losses,
    list_spaces,
    retrieve_by_layer,
)
from polysteer.metrics.choice import Choice
from polysteer.metrics.intervals import ControlRank, Difference, average_pairs, compare_paired, rank_among
from polysteer.metrics.perplexity import measure_cost
from polysteer.store.rows import ALL, BEST_LAYER_SUFFIX, CHOSEN_SAME_LAYER, CONTROL, MetricRow
from polysteer.trials.judgement import Judgement


class Comparison(NamedTuple):
    """A chosen mask against the baseline, each at its layer of one view, and among the random draws."""

    row: MetricRow
    suffix: str
    difference: Difference
    among: ControlRank | None


def list_candidates(case: Case, target: str) -> Iterator[MetricRow]:
    """What dev saw of every point of the sweep."""
    for candidate in case.settings.candidates():
        judged = case.evidence.judgement(target, candidate.label).as_judged(case.plain.dev.losses, target)
        yield from list_dev(case.describe(target, candidate), judged)


def list_chosen(
    case: Case, target: str, controls: Sequence[Judgement]
) -> tuple[list[MetricRow], list[Comparison]]:
    """The chosen masks on test, and how they compare."""
    choices = case.evidence.choices(target)
    draws = [judgement.top1_by_layer()[case.primary] for judgement in controls]
    rows: list[MetricRow] = []
    comparisons: list[Comparison] = []
    for label in choices.labels:
        same = choices.same_layer if choices.same_layer.label == label else None
        best = choices.best_layer if choices.best_layer.label == label else None
        found, compared = _describe_mask(case, target, label, same, best, draws)
        rows += found
        comparisons += compared
    return rows, comparisons


def list_controls(case: Case, target: str, controls: Sequence[Judgement]) -> Iterator[MetricRow]:
    """Every draw of random neurons, at the primary layer."""
    for draw, judgement in enumerate(controls):
        found = judgement.retrieval_by_layer[case.primary]
        candidate = case.find_candidate(judgement.label)
        row = replace(case.describe(target, candidate), intervention=CONTROL, draw=draw)
        yield replace(row, metric=CHOSEN_SAME_LAYER, layer=case.primary, split="dev", value=1.0)
        for one in [Series("top1", ALL, ALL, found.hits()), *list_directions(found, target)]:
            yield replace(
                row,
                metric=one.metric,
                source=one.source,
                reference=one.reference,
                layer=case.primary,
                candidates=one.n_candidates,
                value=average_pairs(one.values),
                n=found.ranks.shape[1],
            )


def _describe_mask(
    case: Case,
    target: str,
    label: str,
    same: Choice | None,
    best: Choice | None,
    draws: Sequence[float],
) -> tuple[list[MetricRow], list[Comparison]]:
    row = case.describe(target, case.find_candidate(label))
    test = case.evidence.read(f"{target}/{label}", "test")
    retrieval = retrieve_by_layer(test)
    picked = [choice.layer for choice in (same, best) if choice]
    rows = list(list_choice(row, same, best))
    rows += list_spaces(
        row,
        test,
        retrieval,
        picked=picked,
        targets=[target],
        evaluate=case.settings.evaluate,
    )
    find = case.evidence.read(f"{target}/{label}", "find")
    rows += list_families(case, row, find, test, retrieval, picked=list(retrieval))
    rows += list_losses(row, test.losses)
    if test.losses:
        rows.append(
            replace(row, metric="cost", value=measure_cost(case.plain.test.losses, test.losses, target))
        )
    if case.settings.evaluate.distractors:
        find = case.evidence.read(f"{target}/{label}", "find")
        rows += list_pool(row, test, find, picked=picked, targets=[target], evaluate=case.settings.evaluate)
    comparisons = []
    if same:
        comparisons.append(_compare(case, row, retrieval[same.layer].hits(), same.layer, "", draws))
    if best:
        hits = retrieval[best.layer].hits()
        comparisons.append(_compare(case, row, hits, best.layer, BEST_LAYER_SUFFIX, ()))
    return rows, comparisons


def _compare(
    case: Case,
    row: MetricRow,
    hits: Values,
    layer: str,
    suffix: str,
    draws: Sequence[float],
) -> Comparison:
    """In the view of the same layer the baseline stands there too, in the other at its own best.

    Random neurons are read at the primary layer alone: in the other view there are no draws to stand among.
    """
    evaluate, plain = case.settings.evaluate, case.plain
    beside = plain.same.layer if not suffix else plain.best.layer
    before = plain.retrieval_by_layer[beside].hits()
    difference = compare_paired(hits, before, resamples=evaluate.resamples, seed=evaluate.seed)
    among = rank_among(average_pairs(hits), draws) if draws else None
    return Comparison(replace(row, layer=layer), suffix, difference, among)
