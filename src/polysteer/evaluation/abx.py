"""ABX of one layer as series: language and meaning, over all pairs and pair by pair."""

from collections.abc import Iterator

from polysteer.evaluation.evidence import ByLanguage
from polysteer.evaluation.spaces import Series
from polysteer.metrics.abx import measure_abx
from polysteer.store.rows import ABX_LANGUAGE, ABX_MEANING, ALL


def list_abx(test: ByLanguage, *, in_detail: bool) -> Iterator[Series]:
    """Both scores; `in_detail` for every ordered pair (l1, l2) as well, l1 as source."""
    found = measure_abx(test)
    for metric, scores in ((ABX_LANGUAGE, found.language), (ABX_MEANING, found.meaning)):
        values = scores.by_meaning
        yield Series(metric, ALL, ALL, values)
        if in_detail:
            yield from (Series(metric, *pair, values[[i]]) for i, pair in enumerate(found.pairs))
