"""Every language says the named meanings as its hand-written expectations do."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from polysteer.builtin.grammar import (
    Meaning,
    NounPhrase,
    Sentence,
    language_codes,
    lexicon,
    linearize,
    linearize_phrase,
)

from .meanings import MEANINGS, PHRASES
from .more_meanings import MORE_MEANINGS, MORE_PHRASES

EXPECTED = Path(__file__).parent / "expected"
SHARED = {**MEANINGS, **PHRASES}
every_language = pytest.mark.parametrize("code", language_codes())


def say(meaning: Meaning | NounPhrase, code: str) -> Sentence:
    return linearize(meaning, code) if isinstance(meaning, Meaning) else linearize_phrase(meaning, code)


PARTICULAR = {say(meaning, "en").text: meaning for meaning in (*MORE_MEANINGS, *MORE_PHRASES)}


def read_expectations(code: str) -> dict[str, Any]:
    return yaml.safe_load((EXPECTED / f"{code}.yaml").read_text("utf-8"))


@every_language
def test_every_named_meaning_has_an_expectation(code):
    expected = read_expectations(code)
    assert set(expected["sentences"]) == set(SHARED)
    assert len(expected["trees"]) >= 3


@every_language
def test_sentences_are_as_expected(code):
    expected = read_expectations(code)["sentences"]
    assert {name: say(meaning, code).text for name, meaning in SHARED.items()} == expected


@every_language
def test_particular_sentences_are_as_expected(code):
    expected = read_expectations(code).get("more", {})
    assert {english: say(PARTICULAR[english], code).text for english in expected} == expected


def test_every_particular_meaning_is_expected_somewhere():
    expected = {english for code in language_codes() for english in read_expectations(code).get("more", {})}
    assert expected == set(PARTICULAR)


@every_language
def test_trees_are_as_expected(code):
    for name, lines in read_expectations(code)["trees"].items():
        sentence = say((SHARED | PARTICULAR)[name], code)
        rows = zip(sentence.tokens, sentence.upos, sentence.heads, sentence.deprels, strict=True)
        assert [" ".join(map(str, row)) for row in rows] == lines.split("; ")


@every_language
def test_dictionary_forms_are_as_expected(code):
    expected = read_expectations(code).get("citations", {})
    assert {concept: lexicon(code)[concept] for concept in expected} == expected
