"""How many candidates do at least as well as the right answer, counted tile by tile in bounded memory.

Products are made in float32; wherever float32 cannot tell two candidates apart, both cosines are made again
in float64, so counts are those of a float64 loop.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.metrics.vectors import FloatArray, normalize_rows

Counts = npt.NDArray[np.int64]
Ranks = npt.NDArray[np.int32]

TILE = 1024
EXACT_BATCH = 1 << 15
TIE_FLOAT64 = 1e-12


class Side(NamedTuple):
    """Vectors as they came, for exact comparisons, and at length one, for products."""

    raw: FloatArray
    unit: npt.NDArray[np.float32]
    defined: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, rows: FloatArray) -> "Side":
        """Both forms of the same rows, and which of them have a direction at all."""
        unit = normalize_rows(rows)
        return cls(rows, unit, np.asarray(unit.any(axis=1)))


class Tile(NamedTuple):
    """Cosines [query, candidate] of some queries with some candidates, and room for two flags each.

    Both are overwritten by the next tile.
    """

    queries: slice
    candidates: slice
    cosines: npt.NDArray[np.float32]
    room: npt.NDArray[np.bool_]

    def turn(self) -> "Tile":
        """The same cosines with the candidates as queries."""
        return Tile(self.candidates, self.queries, self.cosines.T, self.room.transpose(0, 2, 1))


class Search(NamedTuple):
    """Queries, candidates, which candidate is right for each query, and the cosine with it."""

    queries: Side
    candidates: Side
    right: Counts
    own: npt.NDArray[np.float32]

    @classmethod
    def of(cls, queries: Side, candidates: Side, right: Counts) -> "Search":
        """A search whose cosines with the right answers are made block by block."""
        own = np.empty(len(right), dtype=np.float32)
        for start in range(0, len(right), EXACT_BATCH):
            block = slice(start, start + EXACT_BATCH)
            np.einsum("ij,ij->i", queries.unit[block], candidates.unit[right[block]], out=own[block])
        return cls(queries, candidates, right, own)

    def rank(self, n_rivals: Counts) -> Ranks:
        """One more than the rivals; the last rank where query or right answer has no direction."""
        found = self.queries.defined & self.candidates.defined[self.right]
        return np.where(found, n_rivals + 1, len(self.candidates.unit)).astype(np.int32)


def cosine_tiles(search: Search) -> Iterator[Tile]:
    """The similarity matrix in tiles, every query's right answer taken out."""
    queries, candidates = search.queries.unit, search.candidates.unit
    # Fresh blocks of memory for every tile would cost as much as the comparisons.
    shape = min(TILE, len(queries)), min(TILE, len(candidates))
    product, flags = np.empty(shape, dtype=np.float32), np.empty((2, *shape), dtype=bool)
    for i in range(0, len(queries), TILE):
        rows = slice(i, min(i + TILE, len(queries)))
        for j in range(0, len(candidates), TILE):
            columns = slice(j, min(j + TILE, len(candidates)))
            part = np.s_[: rows.stop - i, : columns.stop - j]
            cosines = product[part]
            np.matmul(queries[rows], candidates[columns].T, out=cosines)
            column = search.right[rows] - j
            inside = np.flatnonzero((column >= 0) & (column < columns.stop - j))
            cosines[inside, column[inside]] = -np.inf
            yield Tile(rows, columns, cosines, flags[:, *part])


def count_rivals(search: Search, tile: Tile, n_rivals: Counts) -> None:
    """Add to each query's count how many candidates of the tile do at least as well as its right answer."""
    own = search.own[tile.queries, None]
    margin = np.float32(np.finfo(np.float32).eps * (4 + np.sqrt(search.queries.unit.shape[1])))
    above = np.greater(tile.cosines, own + margin, out=tile.room[0])
    not_below = np.greater_equal(tile.cosines, own - margin, out=tile.room[1])
    n_above, n_not_below = count_true(above), count_true(not_below)
    n_rivals[tile.queries] += n_above
    unsure = np.flatnonzero(n_above != n_not_below)
    if len(unsure) == 0:
        return
    near, rival = np.nonzero(above[unsure] != not_below[unsure])
    query = unsure[near] + tile.queries.start
    at_least = _compare_exactly(search, query, rival + tile.candidates.start)
    np.add.at(n_rivals, query[at_least], 1)


def count_true(flags: npt.NDArray[np.bool_]) -> Counts:
    """How many flags of each row of a tile are set."""
    # Adding bytes into 16 bits is several times faster than summing booleans; a tile cannot overflow it.
    counts: Counts = flags.view(np.uint8).sum(axis=1, dtype=np.uint16).astype(np.int64)
    return counts


def _compare_exactly(search: Search, query: Counts, rival: Counts) -> npt.NDArray[np.bool_]:
    """Whether, in float64, a query's cosine with the rival is at least that with its right answer."""
    queries, candidates = search.queries.raw, search.candidates.raw
    at_least = np.empty(len(query), dtype=bool)
    for start in range(0, len(query), EXACT_BATCH):
        i, j = query[start : start + EXACT_BATCH], rival[start : start + EXACT_BATCH]
        own = _cosine_float64(queries[i], candidates[search.right[i]])
        at_least[start : start + EXACT_BATCH] = (
            _cosine_float64(queries[i], candidates[j]) >= own - TIE_FLOAT64
        )
    return at_least


def _cosine_float64(x: FloatArray, y: FloatArray) -> npt.NDArray[np.float64]:
    x, y = x.astype(np.float64), y.astype(np.float64)
    lengths = np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1)
    dots: npt.NDArray[np.float64] = np.einsum("ij,ij->i", x, y)
    return dots / np.where(lengths > 0, lengths, 1)
