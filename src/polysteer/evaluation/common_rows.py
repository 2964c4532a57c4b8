"""Rows of what several conditions have in common: series with intervals, choices, losses, larger pools."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from polysteer.evaluation.case import Case
from polysteer.metrics.choice import Judged
from polysteer.metrics.directions import list_directions, list_ends
from polysteer.metrics.intervals import average_pairs, bootstrap_means
from polysteer.metrics.names import ALL
from polysteer.metrics.perplexity import LanguageLoss, measure_cost
from polysteer.metrics.registry import find_metric
from polysteer.metrics.retrieval import Retrieval
from polysteer.metrics.series import Series
from polysteer.store.rows import ChoiceRow, MetricRow
from polysteer.trials.choices import Choices

TOP1_POOL = "top1_pool"


def list_choice(row: MetricRow, choices: Choices, label: str) -> Iterator[ChoiceRow]:
    """Where a point stands in the views that it was picked for."""
    same, best = choices
    if same.label == label:
        yield ChoiceRow(row, "same_layer", same.layer, same.within_budget)
    if best.label == label:
        yield ChoiceRow(row, "best_layer", best.layer, best.within_budget)


def list_dev(row: MetricRow, judged: Judged) -> Iterator[MetricRow]:
    """What dev saw of a candidate."""
    for layer, top1 in judged.score_by_layer.items():
        yield replace(row, metric="top1", layer=layer, split="dev", value=top1)
    if judged.cost is not None:
        yield replace(row, metric="cost", split="dev", value=judged.cost)


def list_series(case: Case, row: MetricRow, series: Iterable[Series]) -> Iterator[MetricRow]:
    """Means with their intervals, all from the same resamples; a number that is not defined has no row.

    Topics and tags may be known of fewer meanings than other series have.
    """
    evaluate = case.settings.evaluate
    defined = [one for one in series if np.isfinite(one.values).any(axis=1).all()]
    for n_meanings in sorted({one.values.shape[-1] for one in defined}):
        alike = [one for one in defined if one.values.shape[-1] == n_meanings]
        intervals = bootstrap_means(
            [one.values for one in alike], resamples=evaluate.resamples, seed=evaluate.seed
        )
        for one, (mean, low, high, n) in zip(alike, intervals, strict=True):
            limit = find_metric(one.metric).limit
            yield replace(_describe(row, one), value=mean, ci_low=limit(low), ci_high=limit(high), n=n)


def list_means(row: MetricRow, series: Iterable[Series]) -> Iterator[MetricRow]:
    """Means alone, for what is one of many draws."""
    for one in series:
        yield replace(_describe(row, one), value=average_pairs(one.values), n=one.values.shape[-1])


def list_towards(found: Retrieval, targets: Sequence[str]) -> Iterator[Series]:
    """Top-1 over all pairs and in each target's directions."""
    yield Series("top1", ALL, ALL, found.hits())
    for target in targets:
        yield from list_directions(found, target)


def list_retrieval(case: Case, row: MetricRow, found: Retrieval) -> Iterator[MetricRow]:
    """Top-1 at one layer, over all pairs, by pair and by direction: where no vectors are at hand."""
    series = [Series("top1", ALL, ALL, found.hits()), *list_ends(found, case.targets)]
    return list_series(case, row, series)


def list_pooled(case: Case, row: MetricRow, found: Retrieval, targets: Sequence[str]) -> Iterator[MetricRow]:
    """Over all pairs and in each target's directions; `candidates` says how large the pool was."""
    pooled = [one._replace(metric=TOP1_POOL) for one in list_towards(found, targets)]
    for found_row in list_series(case, row, pooled):
        yield replace(found_row, candidates=found.n_candidates)


def list_losses(row: MetricRow, losses: Mapping[str, LanguageLoss]) -> Iterator[MetricRow]:
    """Perplexity and bits per byte of each language's text."""
    for language, loss in losses.items():
        of_language = replace(row, source=language, reference=None, n=loss.n_tokens)
        yield replace(of_language, metric="perplexity", value=loss.perplexity)
        yield replace(of_language, metric="bits_per_byte", value=loss.bits_per_byte)


def list_cost(
    case: Case, row: MetricRow, losses: Mapping[str, LanguageLoss], target: str | None
) -> Iterator[MetricRow]:
    """On test, beside the plain model; nothing where no losses were measured."""
    if losses:
        yield replace(row, metric="cost", value=measure_cost(case.plain.test.losses, losses, target))


def _describe(row: MetricRow, one: Series) -> MetricRow:
    """The columns that say what a series is of."""
    n_candidates = one.n_candidates if find_metric(one.metric).among_candidates else None
    return replace(
        row, metric=one.metric, source=one.source, reference=one.reference, candidates=n_candidates
    )
