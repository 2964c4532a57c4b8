"""Metrics where not every language has every sentence, such as text that is paired with English only.

Each pair of languages is measured on the sentences that both have, and on no others.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt

from polysteer.errors import NumericError
from polysteer.metrics.retrieval import Retrieval
from polysteer.metrics.vectors import LanguagePair, ordered_pairs

Rows = npt.NDArray[np.int64]


class SharedRows(NamedTuple):
    """Where two languages hold the same sentences, and the column that each gets in a table of all pairs."""

    rows_a: Rows
    rows_b: Rows
    columns: Rows


Pairings = Mapping[LanguagePair, SharedRows]


class PairNumbers(NamedTuple):
    """By the name of a metric, its values [pair, meaning]."""

    pairs: tuple[LanguagePair, ...]
    by_name: Mapping[str, npt.NDArray[Any]]


class _Selectable(Protocol):
    def __getitem__(self, rows: Any, /) -> Self: ...


Vectors = TypeVar("Vectors", bound=_Selectable)


def retrieve_shared(
    vectors: Mapping[str, Vectors],
    pairings: Pairings | None,
    retrieve: Callable[[Mapping[str, Vectors]], Retrieval],
) -> Retrieval:
    """Ranks by any way to retrieve, pair by pair; without pairings all languages hold the same sentences."""
    if pairings is None:
        return retrieve(vectors)
    table = _Table(list(vectors), pairings)
    found = [retrieve(part) for part in table.select(vectors)]
    sizes = {one.n_candidates for one in found}
    ranks = table.fill([one.ranks for one in found], 0)
    return Retrieval(table.pairs, ranks, sizes.pop() if len(sizes) == 1 else None)


def measure_shared(
    vectors: Mapping[str, Vectors],
    pairings: Pairings | None,
    measure: Callable[[Mapping[str, Vectors]], PairNumbers],
) -> PairNumbers:
    """Any numbers of pairs and meanings, pair by pair; NaN where a pair lacks a meaning.

    What a sentence is compared with beside its translation are the sentences that its pair shares.
    """
    if pairings is None:
        return measure(vectors)
    table = _Table(list(vectors), pairings)
    found = [measure(part).by_name for part in table.select(vectors)]
    names = list(found[0])
    wide = {name: [one[name].astype(np.float64) for one in found] for name in names}
    return PairNumbers(table.pairs, {name: table.fill(wide[name], np.nan) for name in names})


class _Table:
    """What every pair has, in one array [ordered pair, column]."""

    def __init__(self, languages: list[str], pairings: Pairings) -> None:
        if not pairings:
            raise NumericError(f"no two of {', '.join(languages)} share sentences; nothing can be compared")
        self._pairings = pairings
        known = {pair for a, b in pairings for pair in ((a, b), (b, a))}
        self.pairs = tuple(pair for pair in ordered_pairs(languages) if pair in known)
        self._row_of = {pair: row for row, pair in enumerate(self.pairs)}

    def select(self, vectors: Mapping[str, Vectors]) -> list[dict[str, Vectors]]:
        """The shared rows of both languages of each pair."""
        return [
            {a: vectors[a][shared.rows_a], b: vectors[b][shared.rows_b]}
            for (a, b), shared in self._pairings.items()
        ]

    def fill(self, values: Sequence[npt.NDArray[Any]], absent: float) -> npt.NDArray[Any]:
        """Values [2, shared sentence] of each pair, there and back, in their columns."""
        n_columns = 1 + max(int(shared.columns.max()) for shared in self._pairings.values())
        table = np.full((len(self.pairs), n_columns), absent, dtype=values[0].dtype)
        for ((a, b), shared), both_ways in zip(self._pairings.items(), values, strict=True):
            for pair, row in zip((LanguagePair(a, b), LanguagePair(b, a)), both_ways, strict=True):
                table[self._row_of[pair], shared.columns] = row
        return table
