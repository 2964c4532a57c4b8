"""How the whole space is filled: evenly or in a few directions, and how much of it tells languages apart.

Neither is a mean over meanings: as in `geometry`, values [meaning] have the number as their mean and its
spread as theirs, and NaN stands where it is not defined.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from polysteer.errors import NumericError
from polysteer.metrics.names import ALL
from polysteer.metrics.series import Series
from polysteer.metrics.vectors import (
    VectorsByLanguage,
    check_finite,
    check_parallel,
    spread_or_nan,
    square_length,
)
from polysteer.metrics.view import LayerView

Float64 = npt.NDArray[np.float64]


def list_series(view: LayerView) -> Iterator[Series]:
    """Nothing where languages hold unlike sentences, of which pairs are all that can be compared."""
    if view.pairings is not None:
        return
    yield Series("isoscore", ALL, ALL, measure_isoscore(view.test)[None])
    yield Series("explained_variance", ALL, ALL, explain_by_language(view.test)[None])
    for language, rows in view.test.items() if view.in_detail else ():
        yield Series("isoscore", language, None, measure_isoscore({language: rows})[None])


def measure_isoscore(vectors: VectorsByLanguage) -> Float64:
    """IsoScore (Rudman et al. 2022) of all sentences together, [meaning]: 1 even in all directions, 0 in one.

    With r = (sum of variances)^2 / sum of squared variances along the principal directions, it is
    (r - 1) / (width - 1), which is the published definition simplified; no direction has to be computed.
    """
    rows = np.stack([np.asarray(rows, dtype=np.float64) for rows in vectors.values()])
    for language, own in zip(vectors, rows, strict=True):
        check_finite(own, language)
    n_languages, n_meanings, width = rows.shape
    if n_languages * n_meanings < 2 or width < 2:
        raise NumericError(f"IsoScore of {n_languages * n_meanings} vectors {width} wide; it needs 2 and 2")
    away = (rows - rows.mean(axis=(0, 1))).reshape(-1, width)
    covariance = away.T @ away / len(away)
    square, shared = (
        values.reshape(n_languages, n_meanings).mean(axis=0)
        for values in (np.einsum("ij,ij->i", away, away), np.einsum("ij,ij->i", away @ covariance, away))
    )
    total = spread_or_nan(float(square.mean()), square_length(rows))
    squared = spread_or_nan(float(shared.mean()), 0)
    evenness = total**2 / squared
    values: Float64 = (evenness * (1 + 2 * square / total - 2 * shared / squared) - 1) / (width - 1)
    return values


def explain_by_language(vectors: VectorsByLanguage) -> Float64:
    """The share of the sentences' variance that lies between languages (eta squared), [meaning]."""
    check_parallel(vectors)
    rows = np.stack([np.asarray(rows, dtype=np.float64) for rows in vectors.values()])
    means = rows.mean(axis=1)
    offsets = means - means.mean(axis=0)
    square = ((rows - means.mean(axis=0)) ** 2).sum(axis=2).mean(axis=0)
    between = float((offsets**2).sum(axis=1).mean())
    total = spread_or_nan(float(square.mean()), square_length(rows))
    moved = 2 * np.einsum("lmw,lw->m", rows - means[:, None], offsets) / len(rows)
    values: Float64 = between / total + moved / total - between / total**2 * (square - total)
    return values
