"""Where languages lie, and how alike their inner order is: the same both ways, for every two of them.

Most are no means over meanings, so each comes as values [pair, meaning] whose mean is the
number, and whose spread over meanings is the number's own, to first order (the infinitesimal jackknife): a
bootstrap over meanings then gives its interval. NaN stands where a number is not defined, because all
sentences of a language have one and the same vector.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.metrics.pairing import PairNumbers, measure_shared
from polysteer.metrics.retrieval import Retrieval
from polysteer.metrics.series import Series, Values, list_pairs
from polysteer.metrics.vectors import (
    FloatArray,
    LanguagePair,
    VectorsByLanguage,
    check_parallel,
    ordered_pairs,
    spread_or_nan,
    square_length,
)
from polysteer.metrics.view import LayerView

Float64 = npt.NDArray[np.float64]


class PairValues(NamedTuple):
    """Values [pair, meaning] of what is the same both ways: each pair stands once."""

    pairs: tuple[LanguagePair, ...]
    values: Values


class CentroidDistances(NamedTuple):
    """How far the means of two languages are apart: as it is, and in units of the spread within languages."""

    raw: PairValues
    relative: PairValues


def list_series(view: LayerView) -> Iterator[Series]:
    """Of every two languages, over the meanings that both have."""
    found = measure_shared(view.test, view.pairings, _measure)
    mexa = _spread_both_ways(view.retrieval.pairs, measure_mexa(view.retrieval))
    by_name = {**found.by_name, "mexa": mexa}
    return list_pairs(found._replace(by_name=by_name), in_detail=view.in_detail)


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
        spread2 = spread_or_nan(float(square.mean()), means[a] @ means[a] + means[b] @ means[b])
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
        size_a, size_b = (
            spread_or_nan(float(own[name].mean()), square_length(vectors[name])) for name in (a, b)
        )
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


def _measure(vectors: VectorsByLanguage) -> PairNumbers:
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
