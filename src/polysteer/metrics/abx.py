"""ABX discrimination of language and of meaning, for every ordered pair of languages, over all triples.

A triple takes two different meanings m1 and m2 and languages l1 and l2:

- language: A = (m1, l1), X = (m2, l1), B = (m1, l2); X nearer to A is a win of language over meaning.
- meaning: A = (m1, l1), B = (m2, l1), X = (m1, l2); X nearer to A is a translation found across languages.

Nearness is angular distance. It falls as the cosine rises, so cosines are compared, in float64. Ties count
one half, so chance is one half. A vector that is zero stands at a right angle to everything.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.metrics.counting import TIE_FLOAT64
from polysteer.metrics.names import ABX_LANGUAGE, ABX_MEANING
from polysteer.metrics.pairing import PairNumbers, measure_shared
from polysteer.metrics.series import Series, list_pairs
from polysteer.metrics.vectors import (
    FloatArray,
    LanguagePair,
    VectorsByLanguage,
    check_parallel,
    ordered_pairs,
)
from polysteer.metrics.view import LayerView

Float64 = npt.NDArray[np.float64]

TILE_ROWS = 512


class TripleScores(NamedTuple):
    """Mean scores of triples, [pair, meaning]: of those where a meaning is m1, of those where it is m2."""

    by_first: Float64
    by_second: Float64

    @property
    def by_pair(self) -> Float64:
        """The score of each pair of languages: the mean over all its triples."""
        means: Float64 = self.by_first.mean(axis=1)
        return means

    @property
    def by_meaning(self) -> Float64:
        """Values [pair, meaning] whose mean is the score and whose spread over meanings is its own.

        Every triple has two meanings, and a drawn meaning moves the score where it is m1 and where it is m2;
        its value is what it adds in both (the jackknife's pseudo-value), which may lie outside 0 to 1.
        """
        return self.by_first + self.by_second - self.by_pair[:, None]


@dataclass(frozen=True)
class Abx:
    """Both scores for every ordered pair (l1, l2)."""

    pairs: tuple[LanguagePair, ...]
    language: TripleScores
    meaning: TripleScores


def list_series(view: LayerView) -> Iterator[Series]:
    """Both scores, for every ordered pair (l1, l2) with l1 as source."""
    found = measure_shared(view.test, view.pairings, _measure)
    return list_pairs(found, in_detail=view.in_detail)


def measure_abx(vectors: VectorsByLanguage) -> Abx:
    """Every triple of every ordered pair, by matrix products; memory grows with the number of sentences."""
    check_parallel(vectors)
    pairs = ordered_pairs(list(vectors))
    units = {language: _normalize_float64(rows) for language, rows in vectors.items()}
    language, meaning = (_HalfPoints(len(pairs), len(units[pairs[0].source])) for _ in range(2))
    number = {pair: i for i, pair in enumerate(pairs)}
    for of_x in units:
        for start in range(0, len(units[of_x]), TILE_ROWS):
            x = units[of_x][start : start + TILE_ROWS]
            within = x @ units[of_x].T
            for other in (name for name in units if name != of_x):
                across = x @ units[other].T
                translation = np.diagonal(across, start)[:, None].copy()
                language.add(number[LanguagePair(of_x, other)], within - across, start, rows_are="m2")
                meaning.add(number[LanguagePair(other, of_x)], translation - across, start, rows_are="m1")
    return Abx(pairs, language.average(), meaning.average())


def _measure(vectors: VectorsByLanguage) -> PairNumbers:
    found = measure_abx(vectors)
    scores = {ABX_LANGUAGE: found.language.by_meaning, ABX_MEANING: found.meaning.by_meaning}
    return PairNumbers(found.pairs, scores)


class _HalfPoints:
    """Two for every triple won, one for every tie, counted by m1 and by m2."""

    def __init__(self, n_pairs: int, n_meanings: int) -> None:
        self._n_meanings = n_meanings
        self._by = {name: np.zeros((n_pairs, n_meanings), dtype=np.int64) for name in ("m1", "m2")}

    def add(self, pair: int, lead: Float64, start: int, *, rows_are: str) -> None:
        """`lead` is by how much A is ahead of B, rows from meaning `start` on; m1 = m2 is left out."""
        own = np.arange(len(lead))
        lead[own, start + own] = -np.inf
        of_rows, of_columns = self._by[rows_are][pair], self._by["m1" if rows_are == "m2" else "m2"][pair]
        for won in (lead > TIE_FLOAT64, lead >= -TIE_FLOAT64):  # a tie is in the second alone
            of_rows[start : start + len(lead)] += np.count_nonzero(won, axis=1)
            of_columns += np.count_nonzero(won, axis=0)

    def average(self) -> TripleScores:
        """Points as shares of the triples."""
        n_half_points = 2 * (self._n_meanings - 1)
        return TripleScores(self._by["m1"] / n_half_points, self._by["m2"] / n_half_points)


def _normalize_float64(rows: FloatArray) -> Float64:
    wide = np.asarray(rows, dtype=np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    unit: Float64 = wide / np.where(lengths > 0, lengths, 1)
    return unit
