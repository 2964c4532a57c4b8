"""Every dimension standardised by its mean and deviation over the sentences of `find`."""

from collections.abc import Sequence

import numpy as np

from polysteer.arms.treatment import Fitted, Treatment
from polysteer.errors import NumericError
from polysteer.metrics.vectors import VectorsByLanguage


class Standardised(Treatment):
    """Outlier dimensions rule the cosine of many models; here every dimension weighs the same."""

    key = "standardised"
    title = "standardised"
    definition = (
        "every dimension of finished vectors less its mean over all sentences of `find`, and over its "
        "deviation there: needs no label. One that never changes there is left at its distance from the mean"
    )
    as_rival = "standardising every dimension, which needs no label"

    def fit(self, find: VectorsByLanguage, languages: Sequence[str]) -> Fitted:
        """Over the sentences of all languages together, each sentence weighing the same."""
        n_sentences = sum(len(rows) for rows in find.values())
        mean = sum(rows.sum(axis=0, dtype=np.float64) for rows in find.values()) / n_sentences
        if not np.isfinite(mean).all():
            raise NumericError("the vectors of find are not finite, so dimensions have no deviation")
        squares = sum(np.square(rows - mean).sum(axis=0) for rows in find.values()) / n_sentences
        deviation = np.sqrt(np.where(squares > 0, squares, 1))
        return lambda vectors: {
            language: ((rows - mean) / deviation).astype(np.float32) for language, rows in vectors.items()
        }
