"""Telling an experiment's own languages apart, beside an identifier that knows nothing of it."""

import pytest

from polysteer.builtin.grammar import generate
from polysteer.corpus.classifier import LanguageClassifier
from polysteer.corpus.identification import LanguageIdentifier
from polysteer.errors import LanguageError

LANGUAGES = ["de", "en", "id", "ja", "sw"]


@pytest.fixture(scope="module")
def texts() -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = {
        split: {lang: [] for lang in LANGUAGES} for split in ("find", "dev")
    }
    for row in generate(languages=LANGUAGES, sizes={"find": 60, "dev": 20}, seed=3):
        found[row.split][row.lang].append(row.sentence.text)
    return found


def test_held_out_text_is_told_as_py3langid_tells_it(texts) -> None:
    classifier, other = LanguageClassifier(texts["find"]), LanguageIdentifier(LANGUAGES)
    for language, rows in texts["dev"].items():
        assert classifier.identify(rows) == [language] * len(rows)
        assert [other.identify(row).language for row in rows] == [language] * len(rows)


def test_a_language_with_little_text_is_told_too(texts) -> None:
    uneven = {lang: rows[:5] if lang == "sw" else rows for lang, rows in texts["find"].items()}
    assert LanguageClassifier(uneven).identify(texts["dev"]["sw"]).count("sw") >= 17


def test_a_text_without_letters_is_in_no_language(texts) -> None:
    assert LanguageClassifier(texts["find"]).identify(["", " 12, 7.", "der"]) == [None, None, "de"]
    assert LanguageClassifier(texts["find"]).identify([]) == []


def test_one_language_or_none_cannot_be_told_apart() -> None:
    for texts in ({"de": ["eins"]}, {"de": ["eins"], "en": []}):
        with pytest.raises(LanguageError, match="two or more"):
            LanguageClassifier(texts)
