"""How well each neuron's response tells every language from the others: AP and AUROC, mean difference.

A neuron's responses are sorted once for all languages, as 32-bit words with the value high and the language
low. Sorting again by (language, place among the distinct values) gives every language the same columns in
every row, and a score is then a formula over a block of columns.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.errors import ConfigError, NumericError
from polysteer.ranking.half import Half, check_half, to_float32, to_keys

SCORES = ("ap", "auroc", "mean_diff")

_BLOCK_CELLS = 1 << 16
_MAX_LANGUAGES = 1 << 16


class _Runs(NamedTuple):
    """Equal neighbours in rows: each run's first cell (counted over all rows) and length, each cell's run."""

    first: npt.NDArray[np.int64]
    length: npt.NDArray[np.int64]
    run_of_cell: npt.NDArray[np.int32]


class _Standings(NamedTuple):
    """Of every response, with cells in the order (language, value): how many are lower, and how many equal.

    The counts are over all languages' sentences, and `n_lower_own` over those of the cell's own language.
    """

    n_lower: npt.NDArray[np.int64]
    n_equal: npt.NDArray[np.int64]
    n_lower_own: npt.NDArray[np.int64]


def score_neurons(
    responses: Half, language_of_sentence: npt.ArrayLike, *, n_languages: int, scores: Sequence[str] = ("ap",)
) -> dict[str, npt.NDArray[np.float64]]:
    """Scores of shape (languages, neurons) from responses of shape (neurons, sentences).

    The sentences of a language are its positives, all others its negatives. `mean_diff` is the mean of the
    positives minus that of the negatives, in standard deviations of all of the neuron's responses. A
    constant neuron has the language's prevalence as its AP, one half as its AUROC, no mean difference.
    """
    unknown = sorted(set(scores) - set(SCORES))
    if unknown:
        raise ConfigError(f"no such score: {unknown[0]!r}; the scores are {', '.join(SCORES)}")
    languages, n_by_language = _check_languages(language_of_sentence, responses.shape[1], n_languages)
    n_neurons, n_sentences = responses.shape
    result = {score: np.empty((n_languages, n_neurons)) for score in scores}
    n_rows = max(1, _BLOCK_CELLS // n_sentences)
    for start in range(0, n_neurons, n_rows):
        block = slice(start, min(start + n_rows, n_neurons))
        check_half(responses[block], first_neuron=start)
        for score, found in _score_rows(responses[block], languages, n_by_language, scores).items():
            result[score][:, block] = found
    return result


def _score_rows(
    rows: Half,
    languages: npt.NDArray[np.uint32],
    n_by_language: npt.NDArray[np.int64],
    scores: Sequence[str],
) -> dict[str, npt.NDArray[np.float64]]:
    found = {}
    if "ap" in scores or "auroc" in scores:
        standings = _rank_rows(rows, languages, n_by_language)
        if "ap" in scores:
            found["ap"] = _average_precision(standings, n_by_language)
        if "auroc" in scores:
            found["auroc"] = _area_under_roc(standings, n_by_language)
    if "mean_diff" in scores:
        found["mean_diff"] = _mean_difference(rows, languages, n_by_language)
    return found


def _check_languages(
    language_of_sentence: npt.ArrayLike, n_sentences: int, n_languages: int
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]:
    languages = np.asarray(language_of_sentence)
    if languages.shape != (n_sentences,):
        raise NumericError(f"languages of shape {languages.shape} for {n_sentences} sentences: give one each")
    if not 2 <= n_languages <= _MAX_LANGUAGES:
        raise NumericError(f"{n_languages} languages; a score needs from 2 to {_MAX_LANGUAGES}")
    n_by_language = np.bincount(languages, minlength=n_languages)
    if len(n_by_language) > n_languages or not n_by_language.all():
        raise NumericError(
            f"sentences per language are {n_by_language.tolist()} for {n_languages} languages; "
            "every language needs one or more"
        )
    return languages.astype(np.uint32), n_by_language


def _rank_rows(
    responses: Half, languages: npt.NDArray[np.uint32], n_by_language: npt.NDArray[np.int64]
) -> _Standings:
    n_rows, n_sentences = responses.shape
    words = to_keys(responses).astype(np.uint32)
    words <<= 16
    words |= languages
    words.sort(axis=1)

    values = _find_runs(words >> np.uint32(16))
    first_run_of_row = values.run_of_cell[:, :1]
    place = (values.run_of_cell - first_run_of_row).astype(np.uint32)
    words <<= 16
    words |= place
    words.sort(axis=1)

    run = (words & 0xFFFF).astype(np.int32)
    run += first_run_of_row
    row_start = np.arange(0, n_rows * n_sentences, n_sentences)[:, None]
    language_start = np.repeat(np.cumsum(n_by_language) - n_by_language, n_by_language)
    own = _find_runs(words)
    return _Standings(
        n_lower=values.first.take(run) - row_start,
        n_equal=values.length.take(run),
        n_lower_own=own.first.take(own.run_of_cell) - (row_start + language_start),
    )


def _find_runs(rows: npt.NDArray[np.uint32]) -> _Runs:
    starts = np.ones(rows.shape, dtype=np.bool_)
    np.not_equal(rows[:, 1:], rows[:, :-1], out=starts[:, 1:])
    first = np.flatnonzero(starts)
    run_of_cell = np.cumsum(starts, dtype=np.int32).reshape(rows.shape)
    run_of_cell -= 1
    return _Runs(first, np.diff(first, append=rows.size), run_of_cell)


def _average_precision(
    standings: _Standings, n_by_language: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Mean over a language's sentences of the precision among all responses at least as high."""
    n_sentences = standings.n_lower.shape[1]
    positives = np.repeat(n_by_language, n_by_language) - standings.n_lower_own
    precision = positives / (n_sentences - standings.n_lower)
    return np.divide(_sum_by_language(precision, n_by_language), n_by_language[:, None], dtype=np.float64)


def _area_under_roc(standings: _Standings, n_by_language: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Share of (own sentence, other sentence) pairs in the right order, a tie counting one half."""
    n_sentences = standings.n_lower.shape[1]
    rank_sum = _sum_by_language(standings.n_lower + (standings.n_equal + 1) / 2, n_by_language)
    n_own = n_by_language[:, None]
    n_pairs = n_own * (n_sentences - n_own)
    area: npt.NDArray[np.float64] = (rank_sum - n_own * (n_own + 1) / 2) / n_pairs
    return area


def _mean_difference(
    rows: Half, languages: npt.NDArray[np.uint32], n_by_language: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Divided by the deviation of all responses: within languages alone it may be zero, and the order of
    one language's neurons is the same."""
    values = to_float32(rows)[:, np.argsort(languages, kind="stable")].astype(np.float64)
    values -= values[:, :1].copy()  # a constant neuron becomes zero, exactly
    sums = _sum_by_language(values, n_by_language)
    n_own = n_by_language[:, None]
    difference = sums / n_own - (sums.sum(axis=0) - sums) / (values.shape[1] - n_own)
    deviation = values.std(axis=1)
    standardised: npt.NDArray[np.float64] = np.zeros_like(difference)
    np.divide(difference, deviation, out=standardised, where=deviation > 0)
    return standardised


def _sum_by_language(
    cells: npt.NDArray[np.float64], n_by_language: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    sums: npt.NDArray[np.float64] = np.add.reduceat(cells, np.cumsum(n_by_language) - n_by_language, axis=1)
    by_language: npt.NDArray[np.float64] = sums.T
    return by_language
