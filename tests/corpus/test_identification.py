"""The language of a text, told by an extra that may be absent."""

import sys

import pytest

from polysteer.corpus.identification import LanguageIdentifier
from polysteer.errors import LanguageError

SENTENCES = {
    "en": "The children are reading a long story about the old house near the river.",
    "de": "Die Kinder lesen eine lange Geschichte über das alte Haus am Fluss.",
    "ja": "子どもたちは川の近くの古い家についての長い話を読んでいます。",
    "sw": "Watoto wanasoma hadithi ndefu kuhusu nyumba ya zamani karibu na mto.",
}


@pytest.fixture(scope="module")
def identifier() -> LanguageIdentifier:
    return LanguageIdentifier()


@pytest.mark.parametrize("language", SENTENCES)
def test_a_sentence_s_language_is_told(identifier: LanguageIdentifier, language: str) -> None:
    found = identifier.identify(SENTENCES[language])
    assert found.language == language
    assert 0.5 < found.probability <= 1


def test_what_has_no_letters_has_no_language(identifier: LanguageIdentifier) -> None:
    assert identifier.identify(" 12, 34 … ") is None
    assert identifier.identify("") is None


def test_only_the_languages_in_question_are_told() -> None:
    identifier = LanguageIdentifier(["deu", "jpn_Jpan"])
    assert identifier.identify(SENTENCES["en"]).language == "de"
    with pytest.raises(LanguageError, match="there is no text in 'tlh'"):
        LanguageIdentifier(["tlh"])


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "py3langid.langid", None)
    with pytest.raises(LanguageError, match=r"pip install 'polysteer\[langid\]'"):
        LanguageIdentifier()
