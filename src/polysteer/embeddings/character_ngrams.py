"""The rival without a model: sentences as tf-idf counts of their character n-grams."""

from collections.abc import Iterable, Mapping, Sequence

from scipy.sparse import csr_array
from sklearn.feature_extraction.text import TfidfVectorizer

from polysteer.errors import NumericError

SHORTEST, LONGEST = 1, 4


def embed_surface(texts: Mapping[str, Sequence[str]], *, fitted_on: Iterable[str]) -> dict[str, csr_array]:
    """Sparse vectors of every text, with n-grams of 1 to 4 characters, case folded, weighted by tf-idf.

    Vocabulary and weights come from `fitted_on` alone: sentences of all languages, none of them reported on.
    """
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(SHORTEST, LONGEST))
    try:
        vectorizer.fit(fitted_on)
    except ValueError as error:
        raise NumericError(
            "the surface rival has no text to learn its n-grams from; give it sentences of the find split"
        ) from error
    return {language: csr_array(vectorizer.transform(list(rows))) for language, rows in texts.items()}
