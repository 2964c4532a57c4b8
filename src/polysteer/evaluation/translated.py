"""The rows of few-shot translation under a condition: chrF and BLEU."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.corpus.prompts import TranslationPair, list_sentences, list_translation_pairs
from polysteer.evaluation.case import Case
from polysteer.evaluation.common_rows import list_series
from polysteer.layout import BASELINE
from polysteer.metrics.intervals import compare_paired
from polysteer.metrics.names import ALL
from polysteer.metrics.series import Series
from polysteer.metrics.translation import TranslationQuality, measure_translation
from polysteer.store.rows import MetricRow
from polysteer.trials.writing_tasks import load_texts


class Measured(NamedTuple):
    """How good the translations of one pair are, and of which meanings they are."""

    quality: TranslationQuality
    meanings: list[str]


Qualities = Mapping[TranslationPair, Measured]


class OneWay(NamedTuple):
    """Into a target or out of it: what rows say of the two ends, and the pairs."""

    source: str
    reference: str
    pairs: Sequence[TranslationPair]


def list_translated(
    case: Case, row: MetricRow, condition: str, targets: Sequence[str]
) -> Iterator[MetricRow]:
    """By pair of languages, into each target and out of it; and of what is steered less the plain model."""
    wanted = case.settings.evaluate.translate
    if wanted is None:
        return
    pairs = {target: list_translation_pairs(case.corpus, target, wanted.directions) for target in targets}
    found = _measure(case, condition, pairs)
    plain = None if condition == BASELINE else _measure(case, BASELINE, pairs)
    for (source, reference), (quality, meanings) in found.items():
        of_pair = replace(row, source=source, reference=reference, n=len(meanings))
        yield from _list_scores(of_pair, [quality])
    for target, of_target in pairs.items():
        for one_way in _split_directions(of_target, target):
            yield from _list_one_way(case, row, found, plain, one_way)


def _measure(case: Case, condition: str, pairs: Mapping[str, Sequence[TranslationPair]]) -> Qualities:
    """Every pair of some targets once."""
    found = {}
    for pair in dict.fromkeys(pair for of_target in pairs.values() for pair in of_target):
        written = load_texts(case.layout.translated(condition, *pair))
        sentences = list_sentences(case.corpus, pair, len(written))
        quality = measure_translation(
            [one.text.strip() for one in written],
            [sentence.reference for sentence in sentences],
            language=pair.reference,
        )
        found[pair] = Measured(quality, [sentence.id for sentence in sentences])
    return found


def _list_scores(row: MetricRow, qualities: Sequence[TranslationQuality]) -> Iterator[MetricRow]:
    yield replace(row, metric="chrf", value=float(np.mean([one.chrf for one in qualities])))
    yield replace(row, metric="bleu", value=float(np.mean([one.bleu for one in qualities])))


def _split_directions(pairs: Sequence[TranslationPair], target: str) -> list[OneWay]:
    into = OneWay(ALL, target, [pair for pair in pairs if pair.reference == target])
    out_of = OneWay(target, ALL, [pair for pair in pairs if pair.source == target])
    return [one_way for one_way in (into, out_of) if one_way.pairs]


def _list_one_way(
    case: Case, row: MetricRow, found: Qualities, plain: Qualities | None, one_way: OneWay
) -> Iterator[MetricRow]:
    """Means over the pairs, and steered less plain over the same sentences."""
    evaluate, (source, reference, pairs) = case.settings.evaluate, one_way
    by_sentence = _stack(found, pairs)
    series = Series("sentence_chrf", source, reference, by_sentence)
    (of_sentences,) = list_series(case, row, [series])
    yield of_sentences
    of_all = replace(row, source=source, reference=reference, n=of_sentences.n)
    yield from _list_scores(of_all, [found[pair].quality for pair in pairs])
    if plain:
        mean, low, high, n, _ = compare_paired(
            by_sentence, _stack(plain, pairs), resamples=evaluate.resamples, seed=evaluate.seed
        )
        compared = replace(of_all, metric="sentence_chrf_difference", n=n)
        yield replace(compared, value=mean, ci_low=low, ci_high=high)


def _stack(qualities: Qualities, pairs: Sequence[TranslationPair]) -> npt.NDArray[np.float64]:
    """[pair, meaning], NaN where a pair lacks one that another has."""
    meanings = sorted({meaning for pair in pairs for meaning in qualities[pair].meanings})
    stacked = np.full((len(pairs), len(meanings)), np.nan)
    for row, pair in zip(stacked, pairs, strict=True):
        row[np.searchsorted(meanings, qualities[pair].meanings)] = qualities[pair].quality.chrf_by_sentence
    return stacked
