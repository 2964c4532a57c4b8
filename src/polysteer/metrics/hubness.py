"""Hubness: whether a few sentences are among the nearest of very many others, and drown the rest."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from polysteer.metrics.names import ALL
from polysteer.metrics.series import Series
from polysteer.metrics.vectors import FloatArray, normalize_rows
from polysteer.metrics.view import LayerView

N_NEAREST = 10
_TILE_CELLS = 1 << 22

Float64 = npt.NDArray[np.float64]


def list_series(view: LayerView) -> Iterator[Series]:
    """Of the sentences of all languages in one pool; no number where there are too few or all count alike.

    Values [meaning] have the skewness as their mean and its spread as theirs, as in `geometry`; where
    languages hold unlike sentences, each sentence is a meaning.
    """
    values = measure_hubness(np.concatenate(list(view.test.values())))
    if view.pairings is None:
        values = values.reshape(len(view.test), -1).mean(axis=0)
    yield Series("hubness", ALL, ALL, values[None])


def measure_hubness(vectors: FloatArray) -> Float64:
    """Skewness of the 10-occurrence (Radovanovic et al. 2010), as values [sentence]; NaN if undefined."""
    counts = count_occurrences(vectors) if len(vectors) > N_NEAREST + 1 else np.zeros(len(vectors))
    away = counts - counts.mean()
    square, cube = float((away**2).mean()), float((away**3).mean())
    if square == 0:
        return np.full(len(vectors), np.nan)
    skewness = cube / square**1.5
    moved = (away**3 - cube - 3 * square * away) / square**1.5
    values: Float64 = skewness + moved - 1.5 * skewness * (away**2 - square) / square
    return values


def count_occurrences(vectors: FloatArray) -> Float64:
    """How many others have a sentence among their 10 nearest by cosine; of equals the ones listed first."""
    units = normalize_rows(vectors)
    counts, n_rows = np.zeros(len(units)), max(1, _TILE_CELLS // len(units))
    for start in range(0, len(units), n_rows):
        cosines = units[start : start + n_rows] @ units.T
        own = np.arange(len(cosines))
        cosines[own, start + own] = -np.inf
        last = np.partition(cosines, -N_NEAREST, axis=1)[:, [-N_NEAREST]]
        nearer, as_near = cosines > last, cosines == last
        n_left = N_NEAREST - nearer.sum(axis=1, keepdims=True)
        counts += (nearer | as_near & (as_near.cumsum(axis=1) <= n_left)).sum(axis=0)
    return counts
