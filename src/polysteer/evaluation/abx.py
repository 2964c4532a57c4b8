"""ABX of one layer as series: language and meaning, over all pairs and pair by pair."""

from collections.abc import Iterator, Mapping

from polysteer.evaluation.evidence import ByLanguage
from polysteer.evaluation.spaces import Series
from polysteer.metrics.abx import measure_abx
from polysteer.metrics.pairing import Pairings, PairNumbers, measure_shared
from polysteer.metrics.vectors import FloatArray
from polysteer.store.rows import ABX_LANGUAGE, ABX_MEANING, ALL


def list_abx(test: ByLanguage, pairings: Pairings | None, *, in_detail: bool) -> Iterator[Series]:
    """Both scores; `in_detail` for every ordered pair (l1, l2) as well, l1 as source."""
    found = measure_shared(test, pairings, _measure)
    for metric, values in found.by_name.items():
        yield Series(metric, ALL, ALL, values)
        if in_detail:
            yield from (Series(metric, *pair, values[[i]]) for i, pair in enumerate(found.pairs))


def _measure(vectors: Mapping[str, FloatArray]) -> PairNumbers:
    found = measure_abx(vectors)
    scores = {ABX_LANGUAGE: found.language.by_meaning, ABX_MEANING: found.meaning.by_meaning}
    return PairNumbers(found.pairs, scores)
