"""Which of an experiment's own languages a text is in, by the character n-grams of its `find` text."""

from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.naive_bayes import MultinomialNB

from polysteer.errors import LanguageError

LONGEST = 4  # characters
N_FEATURES = 1 << 18
SMOOTHING = 1e-3  # more would drown a language that has a few sentences only


class LanguageClassifier:
    """Naive Bayes: knows the languages it was fitted on and no others, each as likely as any beforehand."""

    def __init__(self, texts: Mapping[str, Sequence[str]]) -> None:
        if len(texts) < 2 or not all(texts.values()):
            raise LanguageError(
                f"languages are told apart by text of two or more, given: "
                f"{ {language: len(rows) for language, rows in texts.items()} }; add find sentences"
            )
        self._languages = list(texts)
        self._ngrams = HashingVectorizer(
            analyzer="char", ngram_range=(1, LONGEST), n_features=N_FEATURES, alternate_sign=False, norm=None
        )
        together = [text for rows in texts.values() for text in rows]
        labels = np.repeat(np.arange(len(texts)), [len(rows) for rows in texts.values()])
        self._model = MultinomialNB(alpha=SMOOTHING, fit_prior=False).fit(
            self._ngrams.transform(together), labels
        )

    def identify(self, texts: Sequence[str]) -> list[str | None]:
        """The likeliest language of each text; None where it has no letter to tell it by."""
        if not texts:
            return []
        found = self._model.predict(self._ngrams.transform(list(texts)))
        return [
            self._languages[label] if any(character.isalpha() for character in text) else None
            for text, label in zip(texts, found, strict=True)
        ]
