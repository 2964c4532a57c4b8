"""Which language a text is in, told by py3langid (the extra `langid`): 140 languages, nothing to download."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import NamedTuple

from polysteer.corpus.languages import canonical_language, resolve_language
from polysteer.errors import LanguageError


class IdentifiedLanguage(NamedTuple):
    """The likeliest language, in canonical form, and how likely it is."""

    language: str
    probability: float


def is_installed() -> bool:
    """Whether the extra is there."""
    return find_spec("py3langid") is not None


class LanguageIdentifier:
    """Its model is unpacked once, in about a second; a sentence then takes well under a millisecond."""

    def __init__(self, among: Sequence[str] | None = None) -> None:
        """`among` names the languages that come into question: the fewer, the surer on short texts."""
        try:
            from py3langid.langid import MODEL_FILE
            from py3langid.langid import LanguageIdentifier as Langid
        except ImportError as error:
            raise LanguageError(
                "telling languages apart needs py3langid; install it with pip install 'polysteer[langid]'"
            ) from error
        self._langid = Langid.from_model_file(MODEL_FILE, norm_probs=True)
        if among is not None:
            known = self._langid.labels
            self._langid.set_languages([resolve_language(code, known) for code in among])

    def identify(self, text: str) -> IdentifiedLanguage | None:
        """The language of a text; None where it has no letter to tell it by."""
        if not any(character.isalpha() for character in text):
            return None
        code, probability = self._langid.classify(text)
        return IdentifiedLanguage(canonical_language(code), float(probability))
