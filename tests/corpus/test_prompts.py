"""Prompts for translation, written out."""

import pyarrow as pa
import pytest

from polysteer.corpus.corpus_schema import SCHEMA
from polysteer.corpus.corpus_table import Corpus
from polysteer.corpus.prompts import TranslationPair, build_prompts, list_sentences, list_translation_pairs
from polysteer.errors import CorpusError


@pytest.fixture
def pairs_corpus() -> Corpus:
    """German and English share all but one sentence, Japanese shares its test with English alone."""
    held = {
        "find": {"de": "abc", "en": "abcd", "ja": "d"},
        "dev": {"de": "xy", "en": "xy", "ja": "xy"},
        "test": {"de": "pqr", "en": "qrstu", "ja": "tus"},
    }
    rows = [
        {"id": f"{split}{id_}", "lang": lang, "split": split, "text": f"{lang}  {id_}\nend"}
        for split, by_lang in held.items()
        for lang, ids in by_lang.items()
        for id_ in ids
    ]
    return Corpus(pa.Table.from_pylist(rows, schema=SCHEMA))


def test_a_prompt_is_lines_of_shots_and_one_to_be_finished(pairs_corpus: Corpus) -> None:
    prompts = build_prompts(pairs_corpus, TranslationPair("de", "en"), sentences=5, shots=2, seed=0)
    *shots, asked = prompts[0].split("\n")
    assert asked == "de q end ="
    assert len(set(shots)) == 2
    assert set(shots) <= {f"de {one} end = en {one} end" for one in "abc"}
    assert prompts[1] == "\n".join([*shots, "de r end ="])
    assert len(prompts) == 2
    other_seeds = {
        build_prompts(pairs_corpus, TranslationPair("de", "en"), sentences=1, shots=2, seed=seed)[0]
        for seed in range(9)
    }
    assert len(other_seeds) > 1
    assert build_prompts(pairs_corpus, TranslationPair("ja", "en"), sentences=1, shots=0, seed=0) == [
        "ja s end ="
    ]


def test_only_sentences_that_both_have_are_translated(pairs_corpus: Corpus) -> None:
    assert list_sentences(pairs_corpus, TranslationPair("en", "ja"), 2) == [
        ("tests", "en  s\nend", "ja  s\nend"),
        ("testt", "en  t\nend", "ja  t\nend"),
    ]
    assert list_translation_pairs(pairs_corpus, "en", ["out_of", "into"]) == [
        ("de", "en"),
        ("ja", "en"),
        ("en", "de"),
        ("en", "ja"),
    ]
    assert list_translation_pairs(pairs_corpus, "ja", ["into"]) == [("en", "ja")]


def test_too_few_shots_are_named(pairs_corpus: Corpus) -> None:
    with pytest.raises(CorpusError, match="ja and en share 1 find sentences, too few for 4 shots"):
        build_prompts(pairs_corpus, TranslationPair("ja", "en"), sentences=1, shots=4, seed=0)
