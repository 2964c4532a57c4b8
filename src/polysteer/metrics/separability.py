"""How well languages can be told apart by where their sentences lie: nearest mean, silhouette."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from polysteer.errors import NumericError
from polysteer.metrics.series import Series, list_languages
from polysteer.metrics.vectors import VectorsByLanguage, check_finite, check_parallel
from polysteer.metrics.view import LayerView

Float64 = npt.NDArray[np.float64]


def list_series(view: LayerView) -> Iterator[Series]:
    """Of every language; nothing where languages hold unlike sentences."""
    if view.pairings is not None:
        return
    nearest = find_nearest_centroid(view.find, view.test)
    yield from list_languages("nearest_centroid", view.test, nearest, in_detail=view.in_detail)
    silhouette = measure_silhouette(view.test)
    yield from list_languages("silhouette", view.test, silhouette, in_detail=view.in_detail)


def find_nearest_centroid(find: VectorsByLanguage, test: VectorsByLanguage) -> npt.NDArray[np.bool_]:
    """Whether a test sentence lies nearer to its own language's mean over `find` than to any other's.

    [language, sentence], by Euclidean distance; a tie is not a hit.
    """
    check_parallel(test)
    if set(find) != set(test):
        raise NumericError(f"means are of {', '.join(find)}, sentences of {', '.join(test)}")
    for language, rows in find.items():
        check_finite(rows, language)
    means = np.stack([np.asarray(find[language], dtype=np.float64).mean(axis=0) for language in test])
    hits = []
    for own, rows in enumerate(test.values()):
        distances = np.stack([np.linalg.norm(rows - mean, axis=1) for mean in means])
        hits.append(distances[own] < np.delete(distances, own, axis=0).min(axis=0))
    return np.stack(hits)


def measure_silhouette(vectors: VectorsByLanguage) -> Float64:
    """The silhouette of every sentence among languages, [language, sentence], by Euclidean distance.

    (b - a) / max(a, b): a is the mean distance from the other sentences of its language, b the mean distance
    from those of the nearest other language. 0 where both are 0.
    """
    check_parallel(vectors)
    rows = np.stack([np.asarray(rows, dtype=np.float64) for rows in vectors.values()])
    # Distances are differences of squares, which lose least where the squares are small.
    rows -= rows.mean(axis=(0, 1))
    squares = (rows**2).sum(axis=2)
    n_languages, n_sentences, _ = rows.shape
    # [a, b, sentence]: from a sentence of language a to all of language b
    sums = np.empty((n_languages, n_languages, n_sentences))
    for a in range(n_languages):
        for b in range(a, n_languages):
            square = squares[a][:, None] + squares[b] - 2 * (rows[a] @ rows[b].T)
            if a == b:
                np.fill_diagonal(square, 0)
            distances = np.sqrt(np.maximum(square, 0))
            sums[a, b], sums[b, a] = distances.sum(axis=1), distances.sum(axis=0)
    own = np.arange(n_languages)
    within = sums[own, own] / (n_sentences - 1)
    sums[own, own] = np.inf
    nearest = sums.min(axis=1) / n_sentences
    larger = np.maximum(within, nearest)
    silhouette: Float64 = (nearest - within) / np.where(larger > 0, larger, 1)
    return silhouette
