"""How close translations lie, beside how close any two sentences lie."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from polysteer.metrics.pairing import PairNumbers, measure_shared
from polysteer.metrics.series import Series, list_pairs
from polysteer.metrics.vectors import (
    LanguagePair,
    VectorsByLanguage,
    check_parallel,
    normalize_rows,
    ordered_pairs,
)
from polysteer.metrics.view import LayerView


@dataclass(frozen=True)
class Alignment:
    """Cosines of every sentence, [pair, sentence]: with its translation, and on average with the others.

    The second is exact, over all sentences of the other language that are no translation: none are sampled.
    """

    pairs: tuple[LanguagePair, ...]
    pair_cosine: npt.NDArray[np.float64]
    random_cosine: npt.NDArray[np.float64]

    @property
    def gap(self) -> npt.NDArray[np.float64]:
        """By how much translations are nearer than chance, [pair, sentence]."""
        return self.pair_cosine - self.random_cosine


def list_series(view: LayerView) -> Iterator[Series]:
    """Over all pairs, where dev picked the layer."""
    if view.in_detail:
        yield from list_pairs(measure_shared(view.test, view.pairings, _measure), in_detail=False)


def measure_alignment(vectors: VectorsByLanguage) -> Alignment:
    """Cosines of translations and of random pairs, for every ordered pair of languages."""
    check_parallel(vectors)
    units = {language: normalize_rows(rows) for language, rows in vectors.items()}
    sums = {language: rows.sum(axis=0, dtype=np.float64) for language, rows in units.items()}
    pairs = ordered_pairs(list(vectors))
    n_sentences = len(units[pairs[0].source])
    own = np.stack([np.einsum("ij,ij->i", units[a], units[b], dtype=np.float64) for a, b in pairs])
    all_of_them = np.stack([units[a] @ sums[b] for a, b in pairs])
    return Alignment(pairs, own, (all_of_them - own) / (n_sentences - 1))


def _measure(vectors: VectorsByLanguage) -> PairNumbers:
    found = measure_alignment(vectors)
    cosines = {
        "pair_cosine": found.pair_cosine,
        "random_cosine": found.random_cosine,
        "cosine_gap": found.gap,
    }
    return PairNumbers(found.pairs, cosines)
