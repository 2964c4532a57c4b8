"""The nearest neighbours of each sentence among those of another language, ties at the edge with them.

Float32 products tell which candidates come into question; their cosines are made again in float64.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.metrics.counting import TIE_FLOAT64, Ranks
from polysteer.metrics.tiles import Array, Flags, Numbers, Rows, Singles, Tile, measure_cosines

GROUPS = 64
# How many candidates a query may gather before those that are no longer near enough are dropped.
PENDING = 8
# How many may come into question for one query in the end.
CROWD = 32

Index = npt.NDArray[np.int32]


class Pairs(NamedTuple):
    """Queries with candidates, and their cosines."""

    query: Index
    candidate: Index
    cosine: npt.NDArray[np.floating[Any]]

    def take(self, which: Numbers | Flags) -> "Pairs":
        """Some of them, in the order given."""
        return Pairs(self.query[which], self.candidate[which], self.cosine[which])

    @classmethod
    def join(cls, parts: Sequence["Pairs"]) -> "Pairs":
        """All of them, one part after the other."""
        query, candidate, cosine = zip(*parts, strict=True)
        return cls(np.concatenate(query), np.concatenate(candidate), np.concatenate(cosine))


class Neighbourhoods(NamedTuple):
    """Of each query: the mean cosine of its `k` nearest, the lowest of them, the nearest, all that are near.

    Queries that are crowded, by candidates equally near, have none of it yet.
    """

    mean: Array
    edge: Array
    nearest: Ranks
    near: Pairs
    crowded: Flags


class Search:
    """Which candidates may be among the `k` nearest of the queries from `first` on, of those seen so far."""

    def __init__(self, defined: Flags, k: int, error: float, *, first: int = 0) -> None:
        self._first, self._k, self._slack = first, k, np.float32(2 * error)
        # Nothing is looked up for a query without a direction.
        self._floor = np.where(defined, -np.inf, np.inf).astype(np.float32)
        self.crowded = np.zeros(len(defined), dtype=bool)
        self._found: list[Pairs] = []
        self._n_new = self._n_kept = 0

    def look(self, tile: Tile) -> None:
        """Take in a tile."""
        floor = self._floor[tile.queries.start - self._first : tile.queries.stop - self._first]
        fresh = np.isneginf(floor)
        if fresh.any():
            floor[fresh] = (_find_floor(tile.cosines, self._k) - self._slack)[fresh]
        np.greater_equal(tile.cosines, floor[:, None], out=tile.flags)
        self._found.append(_list_flagged(tile))
        self._n_new += len(self._found[-1].query)
        if self._n_new > self._n_kept + PENDING * len(floor):
            self.prune()

    def prune(self) -> Pairs:
        """Raise the floors to the `k`-th nearest, and drop what lies below."""
        found = Pairs.join(self._found)
        distance = ((1.5 - found.cosine) * (1 << 30)).astype(np.uint64)
        found = found.take(np.argsort((found.query.astype(np.uint64) << 32) | distance))
        query = found.query - self._first
        count = np.bincount(query, minlength=len(self._floor))
        start = np.cumsum(count) - count
        full = np.flatnonzero(count >= self._k)
        kth = found.cosine[start[full] + self._k - 1] - self._slack
        self._floor[full] = np.maximum(self._floor[full], kth)
        keep = found.cosine >= self._floor[query]
        crowded = np.bincount(query[keep], minlength=len(self._floor)) > max(CROWD, 4 * self._k)
        self._floor[crowded] = np.inf
        self.crowded |= crowded
        keep &= ~crowded[query]
        found = found.take(keep)
        self._found, self._n_new, self._n_kept = [found], 0, len(found.query)
        return found


def _find_floor(cosines: Singles, k: int) -> Singles:
    """What the `k`-th highest of each row is at least: that of the highest in every so many columns."""
    n_rows, n_columns = cosines.shape
    if n_columns < k:
        return np.full(n_rows, -np.inf, dtype=np.float32)
    if n_columns >= 2 * GROUPS and k <= GROUPS // 2:
        whole = cosines[:, : n_columns // GROUPS * GROUPS]
        if cosines.flags.c_contiguous:
            cosines = whole.reshape(n_rows, -1, GROUPS).max(axis=1)
        else:  # a turned tile, of which no copy is made
            cosines = whole.T.reshape(-1, GROUPS, n_rows).max(axis=0).T
    floor: Singles = np.partition(cosines, -k, axis=1)[:, -k]
    return floor


def _list_flagged(tile: Tile) -> Pairs:
    """The flagged cells; the tile may be a turned one."""
    flags = tile.flags
    turned = not flags.flags.c_contiguous
    base = flags.T if turned else flags
    cell = np.flatnonzero(base)
    row, column = np.divmod(cell, base.shape[1])
    cosine = (tile.cosines.T if turned else tile.cosines).ravel()[cell]
    query, candidate = (column, row) if turned else (row, column)
    return Pairs(
        (query + tile.queries.start).astype(np.int32),
        (candidate + tile.candidates.start).astype(np.int32),
        cosine,
    )


def settle(searches: Sequence[Search], a: Rows, b: Rows, k: int) -> Neighbourhoods:
    """In float64, what searches for all queries have found; row i of both is the same meaning."""
    query, candidate, _ = Pairs.join([search.prune() for search in searches])
    near = Pairs(query, candidate, measure_cosines(a, query, b, candidate))
    n_near = np.bincount(query, minlength=len(a.raw))
    some = np.flatnonzero(n_near)
    start = (np.cumsum(n_near) - n_near)[some]
    mean, edge = np.zeros((2, len(n_near)))
    # A zero vector is as near to one candidate as to another: the first is taken that is not its own.
    nearest = (np.arange(len(n_near)) == 0).astype(np.int32)
    if len(some):
        in_rows = np.full((len(n_near), n_near.max()), -np.inf)
        in_rows[query, np.arange(len(query)) - np.repeat(start, n_near[some])] = near.cosine
        highest = np.partition(in_rows[some], -k, axis=1)[:, -k:]
        mean[some], edge[some] = highest.mean(axis=1), highest.min(axis=1)
        nearest[some] = _find_nearest(near, start, a.defined & b.defined)
    return Neighbourhoods(mean, edge, nearest, near, np.concatenate([search.crowded for search in searches]))


def _find_nearest(near: Pairs, start: Numbers, defined: Flags) -> Index:
    """Of each query the first of the candidates that are nearest, its own if no other comes as near."""
    own = near.query == near.candidate
    rival = np.where(own, -np.inf, near.cosine)
    itself = np.where(own & defined[near.query], near.cosine, -np.inf)
    best = np.maximum.reduceat(rival, start)
    is_best = rival >= np.repeat(best - TIE_FLOAT64, np.diff(start, append=len(rival)))
    nearest: Index = np.minimum.reduceat(np.where(is_best, near.candidate, len(defined)), start)
    wins = np.maximum.reduceat(itself, start) - TIE_FLOAT64 > best
    return np.where(wins, near.query[start], nearest)
