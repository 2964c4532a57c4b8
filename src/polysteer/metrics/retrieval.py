"""Exact cosine retrieval of translations, for every ordered pair of languages.

The rank of a query's own translation is 1 plus the number of other candidates whose cosine is at least as
high: a tie is not a hit. Products are made in float32, tile by tile; wherever float32 cannot tell two
candidates apart, both cosines are made again in float64, so ranks are those of a float64 loop. A sentence
whose vector is zero has no direction: it is never found, and finds nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.errors import NumericError
from polysteer.metrics.vectors import (
    FloatArray,
    LanguagePair,
    VectorsByLanguage,
    check_parallel,
    normalize_rows,
    ordered_pairs,
)

Direction = Literal["all", "into", "out_of", "without"]
Ranks = npt.NDArray[np.int32]
Counts = npt.NDArray[np.int64]

TILE = 1024
EXACT_BATCH = 1 << 15
TIE_FLOAT64 = 1e-12


@dataclass(frozen=True)
class Retrieval:
    """The rank of the right answer, [pair, query], among `n_candidates`, None where pairs have unlike many.

    A rank of 0, and a value of NaN, says that a pair has no such query: see `pairing`.
    """

    pairs: tuple[LanguagePair, ...]
    ranks: Ranks
    n_candidates: int | None

    def hits(self, k: int = 1) -> npt.NDArray[np.bool_] | npt.NDArray[np.float64]:
        """Whether the translation is among the first `k`, [pair, query]."""
        found = self.ranks <= k
        return found if self.ranks.all() else np.where(self.ranks > 0, found, np.nan)

    def reciprocal_ranks(self) -> npt.NDArray[np.float64]:
        """One over the rank, [pair, query]; its mean is the MRR."""
        return 1.0 / np.where(self.ranks > 0, self.ranks, np.nan)

    def select(self, direction: Direction, target: str) -> "Retrieval":
        """Only the pairs that lead into, out of, or past the target; or all of them."""
        chosen = select_pairs(self.pairs, direction, target)
        pairs = tuple(pair for pair, keep in zip(self.pairs, chosen, strict=True) if keep)
        return Retrieval(pairs, self.ranks[chosen], self.n_candidates)


def select_pairs(pairs: tuple[LanguagePair, ...], direction: Direction, target: str) -> npt.NDArray[np.bool_]:
    """Which pairs have the target as reference (into), as source (out_of), or on neither side (without)."""
    if direction == "all":
        return np.ones(len(pairs), dtype=bool)
    languages = sorted({language for pair in pairs for language in pair})
    if target not in languages:
        raise NumericError(f"target {target!r} is not among the languages compared: {', '.join(languages)}")
    if direction == "into":
        return np.array([pair.reference == target for pair in pairs])
    if direction == "out_of":
        return np.array([pair.source == target for pair in pairs])
    return np.array([target not in pair for pair in pairs])


def retrieve_translations(vectors: VectorsByLanguage) -> Retrieval:
    """The rank of every sentence's translation, in every ordered pair of languages.

    Each unordered pair costs one matrix product: rows of the similarity matrix answer one direction,
    columns the other.
    """
    check_parallel(vectors)
    languages = list(vectors)
    units = {language: normalize_rows(rows) for language, rows in vectors.items()}
    ranks: dict[LanguagePair, Ranks] = {}
    for a, b in combinations(languages, 2):
        forth, back = _rank_both_ways(_Side(vectors[a], units[a]), _Side(vectors[b], units[b]))
        ranks[LanguagePair(a, b)], ranks[LanguagePair(b, a)] = forth, back
    pairs = ordered_pairs(languages)
    return Retrieval(pairs, np.stack([ranks[pair] for pair in pairs]), len(units[languages[0]]))


class _Side(NamedTuple):
    raw: FloatArray
    unit: npt.NDArray[np.float32]


class _Tile(NamedTuple):
    rows: slice
    columns: slice
    cosines: npt.NDArray[np.float32]


def _rank_both_ways(a: _Side, b: _Side) -> tuple[Ranks, Ranks]:
    own = np.einsum("ij,ij->i", a.unit, b.unit)
    margin = np.float32(np.finfo(np.float32).eps * (4 + np.sqrt(a.unit.shape[1])))
    forth, back = np.ones(len(own), dtype=np.int64), np.ones(len(own), dtype=np.int64)
    for tile in _cosine_tiles(a.unit, b.unit):
        _count_rivals(tile, own[tile.rows, None], margin, forth[tile.rows], 1, a, b)
        _count_rivals(tile, own[None, tile.columns], margin, back[tile.columns], 0, a, b)
    lost = ~(a.unit.any(axis=1) & b.unit.any(axis=1))
    forth[lost] = back[lost] = len(own)
    return forth.astype(np.int32), back.astype(np.int32)


def _cosine_tiles(a_unit: npt.NDArray[np.float32], b_unit: npt.NDArray[np.float32]) -> Iterator[_Tile]:
    """The similarity matrix in square tiles, each sentence's own translation taken out."""
    n = len(a_unit)
    for i in range(0, n, TILE):
        for j in range(0, n, TILE):
            cosines = a_unit[i : i + TILE] @ b_unit[j : j + TILE].T
            if i == j:
                np.fill_diagonal(cosines, -np.inf)
            yield _Tile(slice(i, min(i + TILE, n)), slice(j, min(j + TILE, n)), cosines)


def _count_rivals(
    tile: _Tile,
    own: npt.NDArray[np.float32],
    margin: np.float32,
    counts: Counts,
    axis: int,
    a: _Side,
    b: _Side,
) -> None:
    """Add to `counts` how many candidates along `axis` do at least as well as the right answer."""
    above = tile.cosines > own + margin
    not_below = tile.cosines >= own - margin
    n_above, n_not_below = _count_true(above, axis), _count_true(not_below, axis)
    counts += n_above
    unsure = np.flatnonzero(n_above != n_not_below)
    if len(unsure) == 0:
        return
    near = np.take(above, unsure, 1 - axis) != np.take(not_below, unsure, 1 - axis)
    cells = np.nonzero(near)
    query, rival = unsure[cells[1 - axis]], cells[axis]
    rows, columns = (query, rival) if axis == 1 else (rival, query)
    at_least = _compare_exactly(a, b, rows + tile.rows.start, columns + tile.columns.start, axis)
    counts += np.bincount(query[at_least], minlength=len(counts))


def _count_true(flags: npt.NDArray[np.bool_], axis: int) -> Counts:
    # Adding bytes into 16 bits is several times faster than summing booleans; a tile cannot overflow it.
    counts: Counts = flags.view(np.uint8).sum(axis=axis, dtype=np.uint16).astype(np.int64)
    return counts


def _compare_exactly(a: _Side, b: _Side, rows: Counts, columns: Counts, axis: int) -> npt.NDArray[np.bool_]:
    """Whether, in float64, cosine(row, column) is at least that of the query with its own translation."""
    at_least = np.empty(len(rows), dtype=bool)
    for start in range(0, len(rows), EXACT_BATCH):
        batch = slice(start, start + EXACT_BATCH)
        i, j = rows[batch], columns[batch]
        query = j if axis == 0 else i
        rival = _cosine_float64(a.raw[i], b.raw[j])
        at_least[batch] = rival >= _cosine_float64(a.raw[query], b.raw[query]) - TIE_FLOAT64
    return at_least


def _cosine_float64(x: FloatArray, y: FloatArray) -> npt.NDArray[np.float64]:
    x, y = x.astype(np.float64), y.astype(np.float64)
    lengths = np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1)
    dots: npt.NDArray[np.float64] = np.einsum("ij,ij->i", x, y)
    return dots / np.where(lengths > 0, lengths, 1)
