from collections import Counter
from itertools import pairwise

import pytest

from polysteer.builtin.grammar import lexicon, linearize, linearize_phrase, sample_meanings, training_meanings
from polysteer.builtin.model.documents import DocumentMix, switch_words, write_documents

NONE = {"monolingual": 0.0, "translations": 0.0, "phrases": 0.0, "words": 0.0, "switched": 0.0}


def write_kind(kind, languages, n=30):
    mix = DocumentMix(**{**NONE, kind: 1.0})
    return write_documents(n, languages=languages, mix=mix, n_meanings=200, seed=3)


@pytest.fixture(scope="module")
def spoken(languages):
    """Every sentence of the meanings that `write_kind` draws from: text -> its languages and meanings."""
    found = {}
    for number, meaning in enumerate(training_meanings(200, 3)):
        for language in languages:
            found.setdefault(linearize(meaning, language).text, set()).add((language, number))
    return found


def test_monolingual_documents_stay_in_one_language_and_topic(languages, spoken):
    topics = [meaning.topic for meaning in training_meanings(200, 3)]
    seen = Counter()
    for document in write_kind("monolingual", languages):
        lines = document.split("\n")
        assert len(lines) > 1
        possible = [{(language, topics[number]) for language, number in spoken[line]} for line in lines]
        shared = set.intersection(*possible)
        assert shared
        seen.update(language for language, _ in shared)
    assert set(seen) == set(languages)


def test_translations_say_one_meaning_in_different_languages(languages, spoken):
    for document in write_kind("translations", languages):
        lines = document.split("\n")
        meanings = [{number for _, number in spoken[line]} for line in lines]
        assert set.intersection(*meanings)
        assert len({language for line in lines for language, _ in spoken[line]}) >= len(lines) > 1


def test_translations_come_in_every_order(languages, spoken):
    first = Counter(
        min(spoken[document.split("\n")[0]])[0] for document in write_kind("translations", languages, 90)
    )
    assert set(first) == set(languages)


def test_phrase_lists_are_the_corpus_s_own_phrases(languages):
    phrases = {
        frozenset(linearize_phrase(meaning.first.subject, language).text for language in languages)
        for meaning in training_meanings(200, 3)
    }
    for document in write_kind("phrases", languages):
        assert frozenset(document.split("\n")) in phrases


def test_word_lists_are_the_lexicon_s(languages):
    words = {frozenset(lexicon(language)[concept] for language in languages) for concept in lexicon("en")}
    for document in write_kind("words", languages):
        assert frozenset(document.split("\n")) in words


def test_no_document_holds_an_evaluation_sentence(languages):
    documents = write_documents(400, languages=languages, mix=DocumentMix(), n_meanings=2000, seed=0)
    lines = {line for document in documents for line in document.split("\n")}
    for split in ("find", "dev", "test"):
        for meaning in sample_meanings(200, seed=0, split=split):
            for language in languages:
                assert linearize(meaning, language).text not in lines


def test_the_mix_is_what_was_asked_for(languages):
    documents = write_documents(
        600, languages=languages, mix=DocumentMix(0.5, 0.5, 0, 0, 0), n_meanings=200, seed=3
    )
    monolingual = sum(len(document.split("\n")) == 5 for document in documents)
    assert 250 < monolingual < 350


def test_the_seed_alone_decides(languages):
    def write(seed):
        return write_documents(50, languages=languages, mix=DocumentMix(), n_meanings=200, seed=seed)

    assert write(1) == write(1)
    assert write(1) != write(2)


def find_meaning(english):
    return next(m for m in training_meanings(5000, 0) if linearize(m, "en").text == english)


def test_switching_replaces_words_by_their_counterparts():
    meaning = next(
        m
        for m in training_meanings(3000, 0)
        if m.pattern == "statement" and m.first.kind == "transitive" and not m.first.negated
        and len(linearize(m, "en").tokens) == 6
    )  # fmt: skip
    english, german = linearize(meaning, "en"), linearize(meaning, "de")
    noun = {(u, d): t for t, u, d in zip(german.tokens, german.upos, german.deprels, strict=True)}
    switched = switch_words(english, german, lambda: True)
    assert noun["NOUN", "nsubj"] in switched
    assert noun["NOUN", "obj"] in switched
    assert "the" in switched.lower().split()
    assert switch_words(english, german, lambda: False) == english.text


def test_switching_keeps_words_of_two_scripts_apart():
    japanese_words = 0
    for meaning in training_meanings(100, 0):
        switched = switch_words(linearize(meaning, "ja"), linearize(meaning, "en"), lambda: True)
        for left, right in pairwise(switched):
            assert not (left.isascii() and left.isalpha() and right.isalpha() and not right.isascii())
            japanese_words += not left.isascii()
    assert japanese_words
