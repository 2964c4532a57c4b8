"""The geometry of one layer as series: where languages lie, how alike they are, how well they separate."""

from collections.abc import Iterator, Mapping, Sequence

from polysteer.evaluation.evidence import ByLanguage
from polysteer.evaluation.spaces import Series, Values
from polysteer.metrics.geometry import (
    PairValues,
    explain_by_language,
    measure_centroids,
    measure_cka,
    measure_isoscore,
    measure_mexa,
)
from polysteer.metrics.pairing import Pairings, PairNumbers, measure_shared
from polysteer.metrics.retrieval import Retrieval
from polysteer.metrics.separability import find_nearest_centroid, measure_silhouette
from polysteer.metrics.vectors import FloatArray, LanguagePair, ordered_pairs
from polysteer.store.rows import ALL


def list_geometry(
    find: ByLanguage,
    test: ByLanguage,
    retrieval: Retrieval,
    pairings: Pairings | None,
    *,
    in_detail: bool,
) -> Iterator[Series]:
    """Everything over all languages; `in_detail` by pair and by language as well.

    Where languages hold unlike sentences, pairs are all that can be compared.
    """
    yield from _list_by_pair(test, retrieval, pairings, in_detail=in_detail)
    if pairings is not None:
        return
    yield from _list_by_language(find, test, in_detail=in_detail)
    yield Series("isoscore", ALL, ALL, measure_isoscore(test)[None])
    yield Series("explained_variance", ALL, ALL, explain_by_language(test)[None])
    if in_detail:
        for language, rows in test.items():
            yield Series("isoscore", language, None, measure_isoscore({language: rows})[None])


def _list_by_pair(
    test: ByLanguage, retrieval: Retrieval, pairings: Pairings | None, *, in_detail: bool
) -> Iterator[Series]:
    found = measure_shared(test, pairings, _measure_pairs)
    mexa = _spread_both_ways(retrieval.pairs, measure_mexa(retrieval))
    for metric, values in {**found.by_name, "mexa": mexa}.items():
        yield Series(metric, ALL, ALL, values)
        if in_detail:
            yield from (Series(metric, *pair, values[[i]]) for i, pair in enumerate(found.pairs))


def _measure_pairs(vectors: Mapping[str, FloatArray]) -> PairNumbers:
    pairs, centroids = ordered_pairs(list(vectors)), measure_centroids(vectors)
    by_name = {
        "centroid_distance": centroids.raw,
        "centroid_distance_relative": centroids.relative,
        "cka": measure_cka(vectors),
    }
    return PairNumbers(pairs, {name: _spread_both_ways(pairs, found) for name, found in by_name.items()})


def _spread_both_ways(pairs: Sequence[LanguagePair], found: PairValues) -> Values:
    """What is the same both ways, for every ordered pair."""
    row_of = {frozenset(pair): row for row, pair in enumerate(found.pairs)}
    return found.values[[row_of[frozenset(pair)] for pair in pairs]]


def _list_by_language(find: ByLanguage, test: ByLanguage, *, in_detail: bool) -> Iterator[Series]:
    for metric, values in (
        ("nearest_centroid", find_nearest_centroid(find, test)),
        ("silhouette", measure_silhouette(test)),
    ):
        yield Series(metric, ALL, ALL, values)
        if in_detail:
            yield from (Series(metric, name, None, values[[i]]) for i, name in enumerate(test))
