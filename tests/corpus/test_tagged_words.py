"""Words of tagged sentences: drawn by seed, and found in their text."""

import pyarrow as pa
import pytest

from polysteer.corpus.corpus_schema import SCHEMA
from polysteer.corpus.corpus_table import Corpus
from polysteer.corpus.tagged_words import draw_sentences, find_words


@pytest.mark.parametrize(
    ("text", "words", "found"),
    [
        ("Hello, world.", ["Hello", ",", "world", "."], ["Hello", ",", "world", "."]),
        ("本が好き", ["本", "が", "好き"], ["本", "が", "好き"]),
        ("Elle va aux îles à Nice.", ["Elle", "va", "à", "les", "îles", "à", "Nice", "."],
         ["Elle", "va", None, None, "îles", "à", "Nice", "."]),
        ("aux îles", ["à", "les", "îles"], [None, None, "îles"]),
        ("sieht zum Hof", ["sieht", "zu", "dem", "Hof"], ["sieht", "zu", None, "Hof"]),
        ("(dámelo) ya", ["(", "da", "me", "lo", ")", "ya"], ["(", None, "me", "lo", ")", "ya"]),
        ("in 10 000 Jahren", ["in", "10 000", "Jahren"], ["in", "10 000", "Jahren"]),
        ("vámonos", ["vamos", "nos"], [None, "nos"]),
        ("a b", ["x", "y"], [None, None]),
        ("der der", ["der", "der"], ["der", "der"]),
        ("a b", ["a", "b", "c"], ["a", "b", None]),
        ("é", ["e\u0301"], ["é"]),
    ],
)  # fmt: skip
def test_words_are_found_left_to_right_and_no_further_than_the_next_blank(text, words, found):
    spans = find_words(text, words)
    assert [span and text[span.start : span.stop] for span in spans] == found
    starts = [span.start for span in spans if span]
    assert starts == sorted(set(starts))


@pytest.fixture
def corpus():
    def make(lang, n, tag):
        words = [f"w{i}" for i in range(1 + n % 4)]
        tags = [tag] * len(words) if tag else None
        return {"id": f"{n:03}", "lang": lang, "split": "find", "text": " ".join(words)} | (
            {"tokens": words, "upos": tags} if tags else {}
        )

    rows = [make(lang, n, "NOUN" if lang != "fi" else None) for lang in ("de", "fi", "fr") for n in range(60)]
    return Corpus(pa.Table.from_pylist(rows, schema=SCHEMA))


def test_whole_sentences_are_drawn_by_the_seed(corpus):
    drawn = draw_sentences(corpus, "de", "find", most_words=50, seed=3)
    assert 46 < sum(len(one.words) for one in drawn) <= 50
    assert [one.row for one in drawn] == sorted({one.row for one in drawn})
    for one in drawn:
        assert one.text == corpus.texts("de", "find")[one.row] == " ".join(one.words)
        assert len(one.tags) == len(one.words)
    assert drawn == draw_sentences(corpus, "de", "find", most_words=50, seed=3)
    rows = [one.row for one in drawn]
    assert rows != [one.row for one in draw_sentences(corpus, "de", "find", most_words=50, seed=4)]
    assert rows == [one.row for one in draw_sentences(corpus, "fr", "find", most_words=50, seed=3)]
    assert rows != list(range(len(rows)))


def test_all_of_them_one_at_least_and_none(corpus):
    assert len(draw_sentences(corpus, "de", "find", most_words=10_000, seed=0)) == 60
    assert len(draw_sentences(corpus, "de", "find", most_words=1, seed=0)) == 1
    assert draw_sentences(corpus, "de", "find", most_words=0, seed=0) == []
    assert draw_sentences(corpus, "fi", "find", most_words=50, seed=0) == []
    assert draw_sentences(corpus, "de", "test", most_words=50, seed=0) == []
