"""Exact cosine retrieval of translations, for every ordered pair of languages.

The rank of a query's own translation is 1 plus the number of other candidates whose cosine is at least as
high: a tie is not a hit, so a sentence that stands twice among the candidates is not found. Ranks are those
of a float64 loop. A sentence whose vector is zero has no direction: it is never found, and finds nothing.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import numpy.typing as npt

from polysteer.errors import NumericError
from polysteer.metrics.counting import Ranks, Search, Side, cosine_tiles, count_rivals
from polysteer.metrics.vectors import LanguagePair, VectorsByLanguage, check_parallel, ordered_pairs

Direction = Literal["into", "out_of", "without"]


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


def select_pairs(pairs: tuple[LanguagePair, ...], direction: Direction, target: str) -> npt.NDArray[np.bool_]:
    """Which pairs have the target as reference (into), as source (out_of), or on neither side (without)."""
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
    sides = {language: Side.of(rows) for language, rows in vectors.items()}
    ranks: dict[LanguagePair, Ranks] = {}
    for a, b in combinations(languages, 2):
        forth, back = _rank_both_ways(sides[a], sides[b])
        ranks[LanguagePair(a, b)], ranks[LanguagePair(b, a)] = forth, back
    pairs = ordered_pairs(languages)
    return Retrieval(pairs, np.stack([ranks[pair] for pair in pairs]), len(vectors[languages[0]]))


def _rank_both_ways(a: Side, b: Side) -> tuple[Ranks, Ranks]:
    itself = np.arange(len(a.unit))
    forth = Search.of(a, b, itself)
    back = Search(b, a, itself, forth.own)
    n_forth, n_back = np.zeros_like(itself), np.zeros_like(itself)
    for tile in cosine_tiles(forth):
        count_rivals(forth, tile, n_forth)
        count_rivals(back, tile.turn(), n_back)
    return forth.rank(n_forth), back.rank(n_back)
