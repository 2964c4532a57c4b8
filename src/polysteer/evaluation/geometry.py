"""The geometry of one layer as series: where languages lie, how alike they are, how well they separate."""

from collections.abc import Iterator

from polysteer.evaluation.evidence import ByLanguage
from polysteer.evaluation.spaces import Series
from polysteer.metrics.geometry import (
    explain_by_language,
    measure_centroids,
    measure_cka,
    measure_isoscore,
    measure_mexa,
)
from polysteer.metrics.retrieval import Retrieval
from polysteer.metrics.separability import find_nearest_centroid, measure_silhouette
from polysteer.store.rows import ALL


def list_geometry(
    find: ByLanguage, test: ByLanguage, retrieval: Retrieval, *, in_detail: bool
) -> Iterator[Series]:
    """Everything over all languages; `in_detail` by pair, each once, and by language as well."""
    yield from _list_by_pair(test, retrieval, in_detail=in_detail)
    yield from _list_by_language(find, test, in_detail=in_detail)
    yield Series("isoscore", ALL, ALL, measure_isoscore(test)[None])
    yield Series("explained_variance", ALL, ALL, explain_by_language(test)[None])
    if in_detail:
        for language, rows in test.items():
            yield Series("isoscore", language, None, measure_isoscore({language: rows})[None])


def _list_by_pair(test: ByLanguage, retrieval: Retrieval, *, in_detail: bool) -> Iterator[Series]:
    centroids = measure_centroids(test)
    for metric, found in (
        ("centroid_distance", centroids.raw),
        ("centroid_distance_relative", centroids.relative),
        ("cka", measure_cka(test)),
        ("mexa", measure_mexa(retrieval)),
    ):
        yield Series(metric, ALL, ALL, found.values)
        if in_detail:
            yield from (Series(metric, *pair, found.values[[i]]) for i, pair in enumerate(found.pairs))


def _list_by_language(find: ByLanguage, test: ByLanguage, *, in_detail: bool) -> Iterator[Series]:
    for metric, values in (
        ("nearest_centroid", find_nearest_centroid(find, test)),
        ("silhouette", measure_silhouette(test)),
    ):
        yield Series(metric, ALL, ALL, values)
        if in_detail:
            yield from (Series(metric, name, None, values[[i]]) for i, name in enumerate(test))
