"""Cosines set against those of each sentence's nearest neighbours, tile by tile, in float64.

Float64 throughout: each score needs sums of cosines, and they are made for a few layers only.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.metrics.counting import TIE_FLOAT64, Ranks, count_true
from polysteer.metrics.vectors import FloatArray

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

TILE = 256
KEPT_CELLS = 1 << 22


class Mined(NamedTuple):
    """One direction of a pair: ranks by the two corrected scores, xSIM's errors, the nearest by cosine."""

    csls: Ranks
    margin: Ranks
    xsim_errors: Flags
    nearest: Ranks


def normalize_float64(rows: FloatArray) -> Array:
    """Rows scaled to length one; a zero row stays zero."""
    wide = np.asarray(rows, dtype=np.float64)
    largest = np.abs(wide).max(axis=1, keepdims=True)
    scaled = wide / np.where(largest > 0, largest, 1)
    length = np.linalg.norm(scaled, axis=1, keepdims=True)
    return np.divide(scaled, np.where(length > 0, length, 1), dtype=np.float64)


def mine_both_ways(a: Array, b: Array, k: int) -> tuple[Mined, Mined]:
    """Rows of `a` looked up among those of `b`, and back; row i of both is the same meaning."""
    matrix, n = _Matrix(a, b), len(a)
    own_cosine = np.einsum("ij,ij->i", a, b)
    defined = np.asarray(a.any(axis=1) & b.any(axis=1))
    # Lowered by what counts as a tie: of equals another is taken for the nearest, so that a tie is not a hit.
    lowered = np.where(defined, own_cosine - TIE_FLOAT64, -np.inf)
    near_a, near_b = _Neighbours(n, min(k, n)), _Neighbours(n, min(k, n))
    for tile in matrix:
        near_a.look(tile, own_cosine, lowered)
        near_b.look(tile.turn(), own_cosine, lowered)
    r_a, r_b = near_a.highest.mean(axis=1), near_b.highest.mean(axis=1)
    own = _Scores.of(own_cosine, (r_a + r_b) / 2)
    tally_a, tally_b = _Tally(own_cosine, own, near_a), _Tally(own_cosine, own, near_b)
    for tile in matrix:
        if tile.meets_own:
            np.fill_diagonal(tile.cosines, -np.inf)
        scores = _Scores.of(tile.cosines, r_a[tile.queries, None] / 2 + r_b[tile.candidates] / 2)
        tally_a.count(tile, scores)
        tally_b.count(tile.turn(), scores.turn())
    return tally_a.conclude(defined), tally_b.conclude(defined)


class _Tile(NamedTuple):
    queries: slice
    candidates: slice
    cosines: Array

    def turn(self) -> "_Tile":
        return _Tile(self.candidates, self.queries, self.cosines.T)

    @property
    def meets_own(self) -> bool:
        """Whether sentences meet their own translations on the diagonal."""
        return self.queries == self.candidates


class _Matrix:
    """The similarity matrix of two languages, tile by tile: kept where it is small, else made each time."""

    def __init__(self, a: Array, b: Array) -> None:
        self._a, self._b = a, b
        self._kept = list(self._make()) if len(a) * len(b) <= KEPT_CELLS else None

    def __iter__(self) -> Iterator[_Tile]:
        return iter(self._kept) if self._kept is not None else self._make()

    def _make(self) -> Iterator[_Tile]:
        n = len(self._a)
        for i in range(0, n, TILE):
            for j in range(0, n, TILE):
                rows, columns = slice(i, min(i + TILE, n)), slice(j, min(j + TILE, n))
                yield _Tile(rows, columns, self._a[rows] @ self._b[columns].T)


class _Neighbours:
    """The `k` highest cosines of every query among what was seen so far, and its nearest candidate."""

    def __init__(self, n_queries: int, k: int) -> None:
        self.highest = np.full((n_queries, k), -np.inf)
        self.nearest = np.zeros(n_queries, dtype=np.int32)
        self._best = np.full(n_queries, -np.inf)

    def look(self, tile: _Tile, own: Array, lowered: Array) -> None:
        """Take in a tile; `lowered` stands for the own cosine where the nearest is chosen."""
        queries, k = tile.queries, self.highest.shape[1]
        cosines = tile.cosines.copy()
        if tile.meets_own:
            np.fill_diagonal(cosines, lowered[queries])
        self._take_nearest(cosines, tile)
        if tile.meets_own:
            np.fill_diagonal(cosines, own[queries])
        if cosines.shape[1] > k:
            cosines.partition(-k, axis=1)
        joined = np.concatenate([self.highest[queries], cosines[:, -k:]], axis=1)
        self.highest[queries] = np.partition(joined, -k, axis=1)[:, -k:]

    def _take_nearest(self, cosines: Array, tile: _Tile) -> None:
        column = cosines.argmax(axis=1)
        found = cosines[np.arange(len(column)), column]
        nearer = found > self._best[tile.queries]
        self._best[tile.queries][nearer] = found[nearer]
        self.nearest[tile.queries][nearer] = column[nearer] + tile.candidates.start


class _Scores(NamedTuple):
    """CSLS, halved, and ratio margin."""

    csls: Array
    margin: Array

    @classmethod
    def of(cls, cosines: Array, neighbours: Array) -> "_Scores":
        """From cosines and (r(x) + r(y)) / 2, which is overwritten."""
        meaningless = neighbours <= TIE_FLOAT64
        with np.errstate(divide="ignore", invalid="ignore"):
            margin = cosines / neighbours
        margin[meaningless] = -np.inf
        return cls(np.subtract(cosines, neighbours, out=neighbours), margin)

    def turn(self) -> "_Scores":
        return _Scores(self.csls.T, self.margin.T)


class _Tally:
    """How many rivals do at least as well as each query's translation, by each score."""

    def __init__(self, own_cosine: Array, own: _Scores, near: _Neighbours) -> None:
        self._csls = own.csls - TIE_FLOAT64
        self._margin = own.margin - TIE_FLOAT64 * np.maximum(1, np.abs(own.margin))
        self._nearest = near.nearest
        # Of ties at its edge all belong to the neighbourhood.
        self._edge = near.highest.min(axis=1) - TIE_FLOAT64
        self._outside = (own_cosine < self._edge) | ~np.isfinite(own.margin)
        self._n_csls, self._n_margin, self._n_near = np.zeros((3, len(own_cosine)), dtype=np.int64)

    def count(self, rivals: _Tile, scores: _Scores) -> None:
        queries = rivals.queries
        not_worse = scores.margin >= self._margin[queries, None]
        self._n_csls[queries] += count_true(scores.csls >= self._csls[queries, None])
        self._n_margin[queries] += count_true(not_worse)
        not_worse &= rivals.cosines >= self._edge[queries, None]
        self._n_near[queries] += count_true(not_worse)

    def conclude(self, defined: Flags) -> Mined:
        """The last rank where a translation has no direction, or no score."""
        n = len(defined)
        csls, margin = (
            np.where(defined, np.minimum(1 + n_rivals, n), n).astype(np.int32)
            for n_rivals in (self._n_csls, self._n_margin)
        )
        return Mined(csls, margin, (self._n_near > 0) | self._outside | ~defined, self._nearest)
