"""Retrieval beside a plain loop, scikit-learn, and tables with ties worked by hand."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array
from sklearn.metrics.pairwise import cosine_similarity

from polysteer.errors import NumericError
from polysteer.metrics import counting
from polysteer.metrics.retrieval import retrieve_translations, select_pairs
from polysteer.metrics.sparse import retrieve_sparse_translations
from support import reference


def test_ranks_equal_a_loop_for_every_ordered_pair(vectors):
    found = retrieve_translations(vectors)
    assert found.pairs == (("en", "ja"), ("en", "tr"), ("ja", "en"), ("ja", "tr"), ("tr", "en"), ("tr", "ja"))
    assert found.n_candidates == 60
    for pair, ranks in zip(found.pairs, found.ranks, strict=True):
        assert ranks.tolist() == reference.ranks(vectors[pair.source], vectors[pair.reference])
    assert 0.1 < found.hits().mean() < 0.9


def test_top1_equals_argmax_of_scikit_learn(vectors):
    found = retrieve_translations(vectors)
    for pair, hits in zip(found.pairs, found.hits(), strict=True):
        nearest = cosine_similarity(vectors[pair.source], vectors[pair.reference]).argmax(axis=1)
        assert (hits == (nearest == np.arange(60))).all()


def test_top_k_and_reciprocal_rank_by_hand():
    # Query angles 0, 90, 180 degrees; references at 10, 20 and 170.
    def at(*degrees):
        radians = np.deg2rad(degrees)
        return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)

    found = retrieve_translations({"a": at(0, 90, 180), "b": at(10, 20, 170)})
    # 0: 10 is nearest. 90: 20 is 70 away, the others 80. 180: 170 is nearest.
    assert found.ranks[0].tolist() == [1, 1, 1]
    # 10 -> 0 is nearest; 20 -> 0 is 20 away and its own 90 is 70 away; 170 -> 180.
    assert found.ranks[1].tolist() == [1, 2, 1]
    assert found.hits(2).all()
    assert found.reciprocal_ranks()[1].tolist() == [1.0, 0.5, 1.0]


def test_a_tie_is_not_a_hit_in_either_direction():
    a = np.array([[1, 0], [0, 1], [1, 1]], dtype=np.float32)
    b = np.array([[2, 0], [3, 0], [1, 1]], dtype=np.float32)
    found = retrieve_translations({"a": a, "b": b})
    # a0 -> b0 ties with b1. a1 is orthogonal to b1 and to b0, and nearest to b2: last of three.
    assert found.ranks[0].tolist() == [2, 3, 1]
    # b1 points along a0: its own a1 comes after a0 and a2.
    assert found.ranks[1].tolist() == [1, 3, 1]


@pytest.mark.parametrize("width", [7, 64, 300])
def test_duplicates_tie_exactly_wherever_they_stand(width):
    """A product may sum its edge rows in another order than its inner ones; twins must tie all the same."""
    generator = np.random.default_rng(width)
    a, b = generator.standard_normal((2, 203, width)).astype(np.float32)
    b = a + 0.01 * b
    b[202], b[57] = b[3], b[101]
    a[202], a[57] = a[3], a[101]
    found = retrieve_translations({"a": a, "b": b})
    twins = [3, 57, 101, 202]
    assert (found.ranks[:, twins] == 2).all()
    assert (np.delete(found.ranks, twins, axis=1) == 1).all()


def test_near_ties_are_told_apart_in_float64():
    """Rivals nearer than float32 can see, on either side."""
    width = 200
    base = np.random.default_rng(0).standard_normal(width)
    rows = np.tile(base, (64, 1)).astype(np.float32)
    rows[np.arange(64), np.arange(64)] *= np.float32(1 + 1e-4)
    found = retrieve_translations({"a": rows, "b": rows[::-1].copy()})
    assert found.ranks[0].tolist() == reference.ranks(rows, rows[::-1])
    assert found.ranks[1].tolist() == reference.ranks(rows[::-1], rows)
    assert len(set(found.ranks[0].tolist())) > 2


def test_a_collapsed_space_has_no_hits():
    rows = np.ones((50, 8), dtype=np.float32)
    assert (retrieve_translations({"a": rows, "b": rows * 3}).ranks == 50).all()


def test_a_zero_vector_is_never_found_and_finds_nothing():
    a, b = np.eye(4, dtype=np.float32), np.eye(4, dtype=np.float32)
    a[1] = 0
    b[2] = 0
    found = retrieve_translations({"a": a, "b": b})
    assert found.hits().tolist() == [[True, False, False, True]] * 2


def test_scale_and_precision_of_the_input_do_not_matter(vectors):
    plain = retrieve_translations(vectors).ranks
    tiny = {language: rows.astype(np.float64) * 1e-30 for language, rows in vectors.items()}
    assert (retrieve_translations(tiny).ranks == plain).all()


def test_tiles_do_not_change_the_answer(vectors, monkeypatch):
    whole = retrieve_translations(vectors).ranks
    monkeypatch.setattr(counting, "TILE", 7)
    monkeypatch.setattr(counting, "EXACT_BATCH", 3)
    assert (retrieve_translations(vectors).ranks == whole).all()


def test_memory_is_bounded_by_tiles():
    rows = np.random.default_rng(0).standard_normal((4000, 16)).astype(np.float32)
    tracemalloc.start()
    retrieve_translations({"a": rows, "b": rows + 1})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4000 * 4000 * 4 / 3


@settings(deadline=None, max_examples=60)
@given(
    st.integers(2, 9).flatmap(
        lambda n: arrays(np.int8, (2, n, 3), elements=st.integers(-2, 2)).map(lambda a: a.astype(np.float32))
    )
)
def test_small_integer_vectors_with_many_ties(pair):
    """Integers tie all the time, zero rows included."""
    a, b = pair
    found = retrieve_translations({"a": a, "b": b})
    defined = a.any(axis=1) & b.any(axis=1)
    for ranks, expected in ((found.ranks[0], reference.ranks(a, b)), (found.ranks[1], reference.ranks(b, a))):
        assert ranks[defined].tolist() == np.array(expected)[defined].tolist()
        assert (ranks[~defined] == len(a)).all()
    sparse = retrieve_sparse_translations({"a": csr_array(a), "b": csr_array(b)})
    dense_hits, sparse_hits = found.hits(), sparse.hits()
    positive = np.einsum("ij,ij->i", a, b) > 0
    assert (sparse_hits == (dense_hits & positive)).all()


def test_directions_split_the_pairs(vectors):
    pairs = retrieve_translations(vectors).pairs

    def select(direction):
        return [
            pair for pair, chosen in zip(pairs, select_pairs(pairs, direction, "ja"), strict=True) if chosen
        ]

    assert select("into") == [("en", "ja"), ("tr", "ja")]
    assert select("out_of") == [("ja", "en"), ("ja", "tr")]
    assert select("without") == [("en", "tr"), ("tr", "en")]
    with pytest.raises(NumericError, match="'jp' is not among the languages compared: en, ja, tr"):
        select_pairs(pairs, "into", "jp")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: {"en": v["en"]}, r"1 language\(s\) given \(en\)"),
        (lambda v: {name: rows[:1] for name, rows in v.items()}, r"1 sentence\(s\) per language"),
        (lambda v: {**v, "ja": v["ja"][:59]}, r"vectors of ja have shape \(59, 12\)"),
        (lambda v: {**v, "ja": np.where(np.arange(60)[:, None] == 17, np.nan, v["ja"])}, "ja sentence 17"),
        (lambda v: {**v, "tr": v["tr"] * np.float32(np.inf)}, "tr sentence 0"),
        (lambda v: {name: rows[0] for name, rows in v.items()}, r"expected \(sentences, width\)"),
    ],
)
def test_bad_vectors_are_named(vectors, change, message):
    with pytest.raises(NumericError, match=message):
        retrieve_translations(change(vectors))
