"""Every language's mean taken away."""

from collections.abc import Sequence
from functools import partial

from polysteer.arms.treatment import Fitted, Treatment
from polysteer.embeddings.language_means import average_languages, center_languages
from polysteer.metrics.vectors import VectorsByLanguage


class Centred(Treatment):
    """Every sentence less the mean of its own language."""

    key = "centred"
    title = "centred"
    definition = "every sentence less the mean of its language in `find`: needs every sentence's language"
    as_rival = "subtracting each language's mean, which needs every sentence's language"

    def fit(self, find: VectorsByLanguage, languages: Sequence[str]) -> Fitted:
        return partial(center_languages, means=average_languages(find))
