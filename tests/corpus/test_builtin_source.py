import pytest
from pydantic import ValidationError

from polysteer.builtin.grammar import generate
from polysteer.corpus.corpus_settings import make_settings
from polysteer.corpus.joining import read_corpus


def test_the_grammar_s_sentences_under_canonical_codes() -> None:
    settings = make_settings(source="builtin", languages=("eng_Latn", "ja"), find=12, dev=5, test=7, seed=3)
    corpus = read_corpus(settings)
    assert corpus.languages == ("en", "ja")
    assert [len(corpus.pair_ids("en", "ja", split)) for split in corpus.splits] == [12, 5, 7]
    wanted = {row.id: row for row in generate(languages=["ja"], sizes={"test": 7}, seed=3)}
    for row in corpus.rows("ja", "test").to_pylist():
        sentence = wanted[row["id"]].sentence
        assert (row["text"], row["tokens"], row["heads"]) == (
            sentence.text, list(sentence.tokens), list(sentence.heads),
        )  # fmt: skip
        assert row["topic"] == wanted[row["id"]].topic


def test_another_seed_draws_other_sentences_and_the_same_seed_the_same() -> None:
    first, same, other = (
        read_corpus(make_settings(source="builtin", languages=("en",), find=9, dev=2, test=2, seed=seed))
        for seed in (1, 1, 2)
    )
    assert first.fingerprint() == same.fingerprint()
    assert not set(first.texts("en", "find")) & set(other.texts("en", "find"))


def test_a_language_without_a_grammar_is_refused() -> None:
    with pytest.raises(ValidationError, match="there is no text in 'got'; there is de, en, es"):
        make_settings(source="builtin", languages=("en", "got"))
