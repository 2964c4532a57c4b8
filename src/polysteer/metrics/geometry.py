"""The shape of the space: where languages lie, how alike their inner order is, how evenly it is filled.

None of these is a mean over meanings, so each comes as values [meaning] or [pair, meaning] whose mean is the
number, and whose spread over meanings is the number's own, to first order (the infinitesimal jackknife): a
bootstrap over meanings then gives its interval. NaN stands where a number is not defined, because all
sentences of a language have one and the same vector.
"""

from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.errors import NumericError
from polysteer.metrics.retrieval import Retrieval
from polysteer.metrics.vectors import (
    FloatArray,
    LanguagePair,
    VectorsByLanguage,
    check_finite,
    check_parallel,
)

Float64 = npt.NDArray[np.float64]

SAME_VECTOR = 1e-20  # spread over squared length, below which vectors differ by rounding alone


class PairValues(NamedTuple):
    """Values [pair, meaning] of what is the same both ways: each pair stands once."""

    pairs: tuple[LanguagePair, ...]
    values: Float64 | npt.NDArray[np.bool_]


class CentroidDistances(NamedTuple):
    """How far the means of two languages are apart: as it is, and in units of the spread within languages."""

    raw: PairValues
    relative: PairValues


def measure_centroids(vectors: VectorsByLanguage) -> CentroidDistances:
    """The distance of every two languages' means.

    The spread of a pair is the root of the mean squared distance of its sentences from their language's mean.
    """
    check_parallel(vectors)
    pairs = unordered_pairs(vectors)
    means = {name: np.asarray(rows, dtype=np.float64).mean(axis=0) for name, rows in vectors.items()}
    away = {name: np.asarray(rows, dtype=np.float64) - means[name] for name, rows in vectors.items()}
    squares = {name: np.einsum("ij,ij->i", rows, rows) for name, rows in away.items()}
    raw, relative = [], []
    for a, b in pairs:
        step = means[a] - means[b]
        distance = float(np.linalg.norm(step))
        direction = step / distance if distance else step
        moved = (away[a] - away[b]) @ direction
        square = (squares[a] + squares[b]) / 2
        spread2 = _or_nan(float(square.mean()), means[a] @ means[a] + means[b] @ means[b])
        ratio = distance / np.sqrt(spread2)
        raw.append(distance + moved)
        relative.append(ratio + moved / np.sqrt(spread2) - ratio * (square / spread2 - 1) / 2)
    return CentroidDistances(PairValues(pairs, np.stack(raw)), PairValues(pairs, np.stack(relative)))


def measure_cka(vectors: VectorsByLanguage) -> PairValues:
    """Linear centred kernel alignment of every two languages: 1 where their sentences lie in one pattern."""
    check_parallel(vectors)
    pairs = unordered_pairs(vectors)
    centred = {name: _center(rows) for name, rows in vectors.items()}
    own = {name: _share_products(rows, rows) for name, rows in centred.items()}
    values = []
    for a, b in pairs:
        both = _share_products(centred[a], centred[b])
        size_a, size_b = (_or_nan(float(own[name].mean()), _square_length(vectors[name])) for name in (a, b))
        size = np.sqrt(size_a * size_b)
        cka = both.mean() / size
        values.append(2 * both / size + cka * (1 - own[a] / size_a - own[b] / size_b))
    return PairValues(pairs, np.stack(values))


def measure_mexa(retrieval: Retrieval) -> PairValues:
    """MEXA (Kargaran et al. 2024): the share of sentences whose translation is the strict best both ways."""
    number = {pair: i for i, pair in enumerate(retrieval.pairs)}
    pairs = tuple(pair for pair, i in number.items() if i < number[LanguagePair(*reversed(pair))])
    hits = retrieval.hits()
    both = [np.minimum(hits[number[pair]], hits[number[LanguagePair(*reversed(pair))]]) for pair in pairs]
    return PairValues(pairs, np.stack(both))


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
    total = _or_nan(float(square.mean()), _square_length(rows))
    squared = _or_nan(float(shared.mean()), 0)
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
    total = _or_nan(float(square.mean()), _square_length(rows))
    moved = 2 * np.einsum("lmw,lw->m", rows - means[:, None], offsets) / len(rows)
    values: Float64 = between / total + moved / total - between / total**2 * (square - total)
    return values


def unordered_pairs(vectors: VectorsByLanguage) -> tuple[LanguagePair, ...]:
    """Every two languages once, in the order given."""
    return tuple(LanguagePair(a, b) for a, b in combinations(vectors, 2))


def _center(rows: FloatArray) -> Float64:
    wide = np.asarray(rows, dtype=np.float64)
    centred: Float64 = wide - wide.mean(axis=0)
    return centred


def _share_products(x: Float64, y: Float64) -> Float64:
    """Each row's part, [row], in the mean product of the two Gram matrices; by the smaller of two ways."""
    n_rows, width = x.shape
    if n_rows > width:
        parts: Float64 = np.einsum("ij,ij->i", x @ (x.T @ y), y) / n_rows
    else:
        parts = ((x @ x.T) * (y @ y.T)).mean(axis=1)
    return parts


def _square_length(rows: FloatArray) -> float:
    return float((np.asarray(rows, dtype=np.float64) ** 2).sum(axis=-1).mean())


def _or_nan(spread: float, square_length: float) -> float:
    return spread if spread > SAME_VECTOR * square_length else float("nan")
