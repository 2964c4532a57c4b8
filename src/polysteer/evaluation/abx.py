"""ABX of one layer as series: language and meaning, over all pairs and pair by pair."""

from collections.abc import Iterator

from polysteer.evaluation.evidence import ByLanguage
from polysteer.evaluation.spaces import Series
from polysteer.metrics.abx import measure_abx
from polysteer.metrics.geometry import PairValues
from polysteer.metrics.pairing import Pairings, measure_shared
from polysteer.metrics.vectors import VectorsByLanguage
from polysteer.store.rows import ABX_LANGUAGE, ABX_MEANING, ALL


def list_abx(test: ByLanguage, pairings: Pairings | None, *, in_detail: bool) -> Iterator[Series]:
    """Both scores; `in_detail` for every ordered pair (l1, l2) as well, l1 as source."""
    scores = measure_shared(test, pairings, _measure)
    for metric, found in zip((ABX_LANGUAGE, ABX_MEANING), scores, strict=True):
        yield Series(metric, ALL, ALL, found.values)
        if in_detail:
            yield from (Series(metric, *pair, found.values[[i]]) for i, pair in enumerate(found.pairs))


def _measure(vectors: VectorsByLanguage) -> tuple[PairValues, PairValues]:
    found = measure_abx(vectors)
    return (
        PairValues(found.pairs, found.language.by_meaning),
        PairValues(found.pairs, found.meaning.by_meaning),
    )
