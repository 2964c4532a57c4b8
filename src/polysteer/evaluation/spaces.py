"""The rows of one condition: retrieval and alignment at its layers, with intervals; perplexity and cost."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.config.evaluate import EvaluateSettings
from polysteer.evaluation.evidence import ByLanguage, Spaces
from polysteer.metrics.alignment import measure_alignment
from polysteer.metrics.choice import Choice, Judged
from polysteer.metrics.intervals import average_pairs, bootstrap_means
from polysteer.metrics.mining import mine_bitext
from polysteer.metrics.pairing import PairNumbers, measure_shared, retrieve_shared
from polysteer.metrics.perplexity import LanguageLoss
from polysteer.metrics.retrieval import Direction, Retrieval, retrieve_translations, select_pairs
from polysteer.store.rows import (
    ALL,
    CHOSEN_BEST_LAYER,
    CHOSEN_SAME_LAYER,
    SEEN,
    UNSEEN,
    MetricRow,
    excluding,
)

DIRECTIONS: tuple[Direction, ...] = ("into", "out_of", "without")
Values = npt.NDArray[np.float64] | npt.NDArray[np.bool_]


class Series(NamedTuple):
    """Values of one metric, [pair, meaning], that become one row; NaN where a pair lacks a meaning."""

    metric: str
    source: str
    reference: str | None
    values: Values

    @property
    def n_candidates(self) -> int | None:
        """How many sentences each pair shares; None where pairs share unlike many."""
        counts = np.unique(np.count_nonzero(~np.isnan(self.values), axis=1))
        return int(counts[0]) if len(counts) == 1 else None


def retrieve_by_layer(spaces: Spaces) -> dict[str, Retrieval]:
    """Retrieval between all languages that share sentences, at every layer."""
    return {
        layer: retrieve_shared(vectors, spaces.pairings, retrieve_translations)
        for layer, vectors in spaces.by_layer.items()
    }


def judge_retrieval(label: str, retrieval_by_layer: Mapping[str, Retrieval]) -> Judged:
    """What the rule of choice looks at where an intervention costs nothing that is defined."""
    top1 = {layer: average_pairs(found.hits()) for layer, found in retrieval_by_layer.items()}
    return Judged(label, top1, None)


def list_choice(row: MetricRow, same: Choice | None, best: Choice | None) -> Iterator[MetricRow]:
    """The rows that say where a condition stands in the two views."""
    picked = ((CHOSEN_SAME_LAYER, same), (CHOSEN_BEST_LAYER, best))
    for metric, choice in picked:
        if choice is not None:
            within = float(choice.within_budget)
            yield replace(row, metric=metric, layer=choice.layer, split="dev", value=within)


def list_dev(row: MetricRow, judged: Judged) -> Iterator[MetricRow]:
    """What dev saw of a candidate."""
    for layer, top1 in judged.score_by_layer.items():
        yield replace(row, metric="top1", layer=layer, split="dev", value=top1)
    if judged.cost is not None:
        yield replace(row, metric="cost", split="dev", value=judged.cost)


def list_spaces(
    row: MetricRow,
    spaces: Spaces,
    retrieval_by_layer: Mapping[str, Retrieval],
    *,
    picked: Collection[str],
    targets: Sequence[str],
    unseen: Collection[str],
    evaluate: EvaluateSettings,
) -> Iterator[MetricRow]:
    """Top-1 at every layer; at the layers picked on dev every metric, direction, pair and kind of pair."""
    for layer, retrieval in retrieval_by_layer.items():
        series = [Series("top1", ALL, ALL, retrieval.hits())]
        if layer in picked:
            series += _detail_retrieval(retrieval, targets)
            series += list_kinds(retrieval, unseen)
            series += _detail_mining(spaces, layer)
            if "alignment" in evaluate.families:
                series += _detail_alignment(spaces, layer)
        yield from list_series(replace(row, layer=layer), series, evaluate)


def list_series(row: MetricRow, series: Sequence[Series], evaluate: EvaluateSettings) -> Iterator[MetricRow]:
    """Means with their intervals, all from the same resamples."""
    intervals = bootstrap_means(
        [one.values for one in series], resamples=evaluate.resamples, seed=evaluate.seed
    )
    for one, interval in zip(series, intervals, strict=True):
        yield replace(
            row,
            metric=one.metric,
            source=one.source,
            reference=one.reference,
            candidates=one.n_candidates,
            value=interval.mean,
            ci_low=interval.low,
            ci_high=interval.high,
            n=interval.n,
        )


def list_retrieval(
    row: MetricRow, found: Retrieval, *, targets: Sequence[str], evaluate: EvaluateSettings
) -> Iterator[MetricRow]:
    """Top-1 at one layer, over all pairs, by pair and by direction: where no vectors are at hand."""
    hits = found.hits()
    series = [Series("top1", ALL, ALL, hits)]
    series += [Series("top1", *pair, hits[[i]]) for i, pair in enumerate(found.pairs)]
    for target in targets:
        series += list_directions(found, target)
    yield from list_series(row, series, evaluate)


def list_means(row: MetricRow, series: Sequence[Series]) -> Iterator[MetricRow]:
    """Means alone, for what is one of many draws."""
    for one in series:
        yield replace(
            row,
            metric=one.metric,
            source=one.source,
            reference=one.reference,
            candidates=one.n_candidates,
            value=average_pairs(one.values),
            n=one.values.shape[-1],
        )


def list_directions(retrieval: Retrieval, target: str) -> Iterator[Series]:
    """Top-1 into the target, out of it, and without it."""
    ends = {"into": (ALL, target), "out_of": (target, ALL), "without": (excluding(target),) * 2}
    for direction in DIRECTIONS:
        chosen = select_pairs(retrieval.pairs, direction, target)
        if chosen.any():
            yield Series("top1", *ends[direction], retrieval.hits()[chosen])


def list_kinds(retrieval: Retrieval, unseen: Collection[str]) -> Iterator[Series]:
    """Top-1 by whether the languages took part in the fit of what is erased; nothing where all did."""
    hits = retrieval.hits()
    kinds = [tuple(UNSEEN if language in unseen else SEEN for language in pair) for pair in retrieval.pairs]
    for source, reference in sorted(set(kinds)) if unseen else ():
        yield Series("top1", source, reference, hits[[kind == (source, reference) for kind in kinds]])


def list_losses(row: MetricRow, losses: Mapping[str, LanguageLoss]) -> Iterator[MetricRow]:
    """Perplexity and bits per byte of each language's text."""
    for language, loss in losses.items():
        of_language = replace(row, source=language, reference=None, n=loss.n_tokens)
        yield replace(of_language, metric="perplexity", value=loss.perplexity)
        yield replace(of_language, metric="bits_per_byte", value=loss.bits_per_byte)


def _detail_retrieval(retrieval: Retrieval, targets: Sequence[str]) -> list[Series]:
    hits = retrieval.hits()
    series = [
        Series("top5", ALL, ALL, retrieval.hits(5)),
        Series("mrr", ALL, ALL, retrieval.reciprocal_ranks()),
    ]
    series += [Series("top1", *pair, hits[[i]]) for i, pair in enumerate(retrieval.pairs)]
    for target in targets:
        series += list_directions(retrieval, target)
    return series


def _detail_mining(spaces: Spaces, layer: str) -> list[Series]:
    pairs, scores = measure_shared(spaces.by_layer[layer], spaces.pairings, _score_mining)
    margin = scores["margin_top1"]
    return [
        *(Series(name, ALL, ALL, values) for name, values in scores.items()),
        *(Series("margin_top1", *pair, margin[[i]]) for i, pair in enumerate(pairs)),
    ]


def _score_mining(vectors: ByLanguage) -> PairNumbers:
    found = mine_bitext(vectors)
    scores = {
        "csls_top1": found.csls.hits(),
        "margin_top1": found.margin.hits(),
        "xsim_error": found.xsim_errors,
        "bitext_accuracy": found.correct(),
        "bitext_f1": found.f1(),
    }
    return PairNumbers(found.margin.pairs, scores)


def _detail_alignment(spaces: Spaces, layer: str) -> list[Series]:
    _, cosines = measure_shared(spaces.by_layer[layer], spaces.pairings, _score_alignment)
    return [Series(name, ALL, ALL, values) for name, values in cosines.items()]


def _score_alignment(vectors: ByLanguage) -> PairNumbers:
    found = measure_alignment(vectors)
    cosines = {
        "pair_cosine": found.pair_cosine,
        "random_cosine": found.random_cosine,
        "cosine_gap": found.gap,
    }
    return PairNumbers(found.pairs, cosines)
