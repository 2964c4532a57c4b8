"""The rows of what acts in the model: candidates on dev, what was chosen on test, the random draws."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from polysteer.evaluation.case import Case, pick_row
from polysteer.evaluation.families import list_families
from polysteer.evaluation.pool import list_pool
from polysteer.evaluation.spaces import (
    Series,
    Values,
    list_choice,
    list_dev,
    list_directions,
    list_kinds,
    list_losses,
    list_means,
    list_spaces,
    retrieve_by_layer,
)
from polysteer.layout import ERASURE
from polysteer.metrics.choice import Choice
from polysteer.metrics.intervals import ControlRank, Difference, average_pairs, compare_paired, rank_among
from polysteer.metrics.perplexity import measure_cost
from polysteer.store.rows import (
    ALL,
    BEST_LAYER_SUFFIX,
    CHOSEN_SAME_LAYER,
    CONTROL,
    RANDOM_SUBSPACE,
    MetricRow,
)
from polysteer.trials.judgement import Judgement


class Tried(NamedTuple):
    """What was tried under one name, a target's masks or the ways to erase: its row of every point."""

    name: str
    row_by_label: Mapping[str, MetricRow]
    control: str  # what its random draws are called

    @property
    def target(self) -> str | None:
        """The target, where there is one."""
        return next(iter(self.row_by_label.values())).target

    def concerns(self, case: Case) -> Sequence[str]:
        """The targets to look at: its own, or all where it leads to none of them."""
        return case.targets if self.target is None else [self.target]

    def describe(self, label: str) -> MetricRow:
        """The row of a point that a file is of."""
        return pick_row(self.row_by_label, label)


class Comparison(NamedTuple):
    """What was chosen against the baseline, each at its layer of one view, and among the random draws."""

    row: MetricRow
    suffix: str
    difference: Difference
    among: ControlRank | None


def list_tried(case: Case) -> Iterator[Tried]:
    """The masks of every target, then the ways to erase."""
    candidates = case.settings.candidates()
    for target in case.targets if candidates else ():
        rows = {candidate.label: case.describe(target, candidate) for candidate in candidates}
        yield Tried(target, rows, CONTROL)
    erasures = case.settings.erasures()
    if erasures:
        rows = {erasure.label: case.describe_erasure(erasure) for erasure in erasures}
        yield Tried(ERASURE, rows, RANDOM_SUBSPACE)


def list_candidates(case: Case, tried: Tried) -> Iterator[MetricRow]:
    """What dev saw of every point of the sweep."""
    for label, row in tried.row_by_label.items():
        judgement = case.evidence.judgement(tried.name, label)
        yield from list_dev(row, judgement.as_judged(case.plain.dev.losses, tried.target))


def list_chosen(
    case: Case, tried: Tried, controls: Sequence[Judgement]
) -> tuple[list[MetricRow], list[Comparison]]:
    """What was chosen on test, and how it compares."""
    choices = case.evidence.choices(tried.name)
    draws = [judgement.top1_by_layer()[case.primary] for judgement in controls]
    rows: list[MetricRow] = []
    comparisons: list[Comparison] = []
    for label in choices.labels:
        same = choices.same_layer if choices.same_layer.label == label else None
        best = choices.best_layer if choices.best_layer.label == label else None
        found, compared = _describe_point(case, tried, label, same, best, draws)
        rows += found
        comparisons += compared
    return rows, comparisons


def list_controls(case: Case, tried: Tried, controls: Sequence[Judgement]) -> Iterator[MetricRow]:
    """Every random draw, at the primary layer."""
    for draw, judgement in enumerate(controls):
        found = judgement.retrieval_by_layer[case.primary]
        row = replace(tried.describe(judgement.label), intervention=tried.control, draw=draw)
        yield replace(row, metric=CHOSEN_SAME_LAYER, layer=case.primary, split="dev", value=1.0)
        series = [Series("top1", ALL, ALL, found.hits()), *list_kinds(found, case.unseen)]
        for target in tried.concerns(case):
            series += list_directions(found, target)
        yield from list_means(replace(row, layer=case.primary), series)


def _describe_point(
    case: Case,
    tried: Tried,
    label: str,
    same: Choice | None,
    best: Choice | None,
    draws: Sequence[float],
) -> tuple[list[MetricRow], list[Comparison]]:
    row, target = tried.describe(label), tried.target
    find, test = (case.evidence.read(f"{tried.name}/{label}", split) for split in ("find", "test"))
    retrieval = retrieve_by_layer(test)
    picked = [choice.layer for choice in (same, best) if choice]
    targets = tried.concerns(case)
    rows = list(list_choice(row, same, best))
    rows += list_spaces(
        row,
        test,
        retrieval,
        picked=picked,
        targets=targets,
        unseen=case.unseen,
        evaluate=case.settings.evaluate,
    )
    rows += list_families(case, row, find, test, retrieval, picked=list(retrieval))
    rows += list_losses(row, test.losses)
    if test.losses:
        rows.append(
            replace(row, metric="cost", value=measure_cost(case.plain.test.losses, test.losses, target))
        )
    if case.settings.evaluate.distractors:
        rows += list_pool(row, test, find, picked=picked, targets=targets, evaluate=case.settings.evaluate)
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

    Random draws are read at the primary layer alone: in the other view there are no draws to stand among.
    """
    evaluate, plain = case.settings.evaluate, case.plain
    beside = plain.same.layer if not suffix else plain.best.layer
    before = plain.retrieval_by_layer[beside].hits()
    difference = compare_paired(hits, before, resamples=evaluate.resamples, seed=evaluate.seed)
    among = rank_among(average_pairs(hits), draws) if draws else None
    return Comparison(replace(row, layer=layer), suffix, difference, among)
