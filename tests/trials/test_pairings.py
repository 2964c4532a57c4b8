"""Which rows are translations, and the file of ranks, for text in which languages lack sentences."""

import numpy as np
import pyarrow as pa

from polysteer.corpus.corpus_schema import SCHEMA
from polysteer.corpus.corpus_table import Corpus
from polysteer.metrics.pairing import retrieve_shared
from polysteer.metrics.retrieval import retrieve_translations
from polysteer.trials.judgement import Judgement, load_judgement, save_judgement
from polysteer.trials.pairings import pair_rows


def make_corpus(*held: tuple[str, str]) -> Corpus:
    """A test split from (id, languages)."""
    rows = [
        {"id": id_, "lang": lang, "split": "test", "text": f"{lang} {id_}"}
        for id_, languages in held
        for lang in languages.split()
    ]
    return Corpus(pa.Table.from_pylist(rows, schema=SCHEMA))


def test_where_nothing_is_lacking_there_is_nothing_to_pair():
    assert pair_rows(make_corpus(("a", "en ja"), ("b", "en ja")), "test") is None


def test_rows_lead_to_the_same_ids():
    corpus = make_corpus(
        ("a", "de en"), ("b", "en ja"), ("c", "de en ja"), ("d", "de en"), ("e", "ja"), ("f", "de en ja")
    )
    pairings = pair_rows(corpus, "test")
    assert pairings is not None
    shared = {("de", "en"): "acdf", ("de", "ja"): "cf", ("en", "ja"): "bcf"}
    assert list(pairings) == list(shared)
    for (a, b), (rows_a, rows_b, columns) in pairings.items():
        for lang, rows in ((a, rows_a), (b, rows_b)):
            assert "".join(np.array(corpus.ids("test", lang))[rows]) == shared[a, b]
        assert ["abcdf"[column] for column in columns] == list(shared[a, b])


def test_pairs_that_have_nothing_in_common_stand_side_by_side():
    corpus = make_corpus(
        *[(f"de{n}", "de en") for n in range(4)],
        *[(f"ja{n}", "en ja") for n in range(3)],
        ("one", "de ja"),
        ("alone", "fr"),
    )
    pairings = pair_rows(corpus, "test")
    assert pairings is not None
    assert {pair: found.columns.tolist() for pair, found in pairings.items()} == {
        ("de", "en"): [0, 1, 2, 3],
        ("en", "ja"): [0, 1, 2],
    }
    assert pairings["en", "ja"].rows_a.tolist() == [4, 5, 6]


def test_a_judgement_with_gaps_comes_back_as_it_was(tmp_path):
    corpus = make_corpus(*[(f"de{n}", "de en") for n in range(5)], *[(f"ja{n}", "en ja") for n in range(3)])
    generator = np.random.default_rng(0)
    vectors = {
        lang: generator.standard_normal((len(corpus.ids("test", lang)), 4)) for lang in corpus.languages
    }
    found = retrieve_shared(vectors, pair_rows(corpus, "test"), retrieve_translations)
    save_judgement(tmp_path / "j.safetensors", Judgement("x", {"final": found}, {}), stamp="0")
    back = load_judgement(tmp_path / "j.safetensors").retrieval_by_layer["final"]
    assert (back.pairs, back.n_candidates) == (found.pairs, None)
    np.testing.assert_array_equal(back.ranks, found.ranks)
    assert sorted((back.ranks > 0).sum(axis=1)) == [3, 3, 5, 5]
