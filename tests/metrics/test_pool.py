"""A pool larger than the queries, beside a plain loop, and in memory far smaller than the whole matrix."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array

from polysteer.errors import NumericError
from polysteer.metrics import counting
from polysteer.metrics.pool import retrieve_among_distractors, retrieve_in_pool
from polysteer.metrics.retrieval import retrieve_translations
from polysteer.metrics.sparse import retrieve_sparse_translations
from support import reference


def loop_rank(queries, candidates, right):
    ranks = []
    for query, answer in zip(queries, right, strict=True):
        cosines = [reference.cosine(query, candidate) for candidate in candidates]
        own = cosines[answer]
        defined = query.any() and candidates[answer].any()
        rivals = sum(cosine >= own - 1e-12 for j, cosine in enumerate(cosines) if j != answer)
        ranks.append(1 + rivals if defined else len(candidates))
    return ranks


@pytest.fixture
def pool() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Forty queries, 130 candidates, some of which are the answer to two queries, or stand there twice."""
    generator = np.random.default_rng(5)
    candidates = generator.standard_normal((130, 9)).astype(np.float32)
    right = generator.integers(0, 60, 40)
    queries = (candidates[right] + 0.6 * generator.standard_normal((40, 9))).astype(np.float32)
    candidates[120:] = candidates[right[:10]] * np.float32(2)
    return queries, candidates, right


def test_ranks_equal_a_loop(pool):
    found = retrieve_in_pool(*pool)
    assert found.tolist() == loop_rank(*pool)
    assert (found[:10] >= 2).all()
    assert 0.1 < (found == 1).mean() < 0.9


def test_tiles_do_not_change_the_answer(pool, monkeypatch):
    whole = retrieve_in_pool(*pool)
    monkeypatch.setattr(counting, "TILE", 7)
    monkeypatch.setattr(counting, "EXACT_BATCH", 3)
    assert (retrieve_in_pool(*pool) == whole).all()


@settings(deadline=None, max_examples=60)
@given(
    arrays(np.int8, (4, 3), elements=st.integers(-2, 2)),
    arrays(np.int8, (7, 3), elements=st.integers(-2, 2)),
    arrays(np.int64, 4, elements=st.integers(0, 6)),
)
def test_small_integer_vectors_with_many_ties(queries, candidates, right):
    queries, candidates = queries.astype(np.float32), candidates.astype(np.float32)
    assert retrieve_in_pool(queries, candidates, right).tolist() == loop_rank(queries, candidates, right)


def test_memory_is_bounded_by_tiles():
    rows = np.random.default_rng(0).standard_normal((6000, 8)).astype(np.float32)
    tracemalloc.start()
    retrieve_in_pool(rows[:5000], rows, np.arange(5000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6000 * 5000 * 4 / 8


def test_distractors_join_the_candidates_of_every_pair(vectors):
    asked = {language: rows[:25] for language, rows in vectors.items()}
    distractors = {language: rows[25:] for language, rows in vectors.items()}
    found = retrieve_among_distractors(asked, distractors)
    # Row i of the whole is row i of the asked: the first 25 queries among all 60 sentences.
    among_all = retrieve_translations(vectors)
    assert found.pairs == among_all.pairs
    assert found.n_candidates == 60
    assert (found.ranks == among_all.ranks[:, :25]).all()
    assert (found.ranks > retrieve_translations(asked).ranks).any()


def test_a_copy_among_the_distractors_is_a_tie(vectors):
    found = retrieve_among_distractors(vectors, {name: rows[:1] for name, rows in vectors.items()})
    assert not found.hits()[:, 0].any()
    assert found.hits()[:, 1:].any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda q, c, r: (q[0], c, r), r"query vectors have shape \(9,\)"),
        (lambda q, c, r: (q[:0], c, r[:0]), r"query vectors have shape \(0, 9\)"),
        (lambda q, c, r: (q, c[:1], 0 * r), r"candidate vectors have shape \(1, 9\).*2 or more"),
        (lambda q, c, r: (q, c[:, :8], r), "queries have width 9, candidates 8"),
        (lambda q, c, r: (q, np.where(np.arange(130)[:, None] == 77, np.inf, c), r), "candidate sentence 77"),
        (lambda q, c, r: (q, c, r[:-1]), r"shape \(39,\).*each of 40 queries"),
        (lambda q, c, r: (q, c, r.astype(float)), "type float64"),
        (lambda q, c, r: (q, c, r + 120), "the right answer of query 0 is candidate 1.. *; there are 130"),
        (lambda q, c, r: (q, c, r - 60), "the right answer of query 0 is candidate -"),
    ],
)
def test_bad_pools_are_named(pool, change, message):
    with pytest.raises(NumericError, match=message):
        retrieve_in_pool(*change(*pool))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: {"en": d["en"]}, r"en \(60, 12\); expected .* for each of en, ja, tr"),
        (lambda _: {}, "for each of en, ja, tr"),
        (lambda d: {**d, "ja": d["ja"][:3]}, r"ja \(3, 12\).*expected equally many of width 12"),
        (lambda d: {name: rows[:, :4] for name, rows in d.items()}, "of width 12"),
        (lambda d: {**d, "tr": d["tr"] * np.float32(np.nan)}, "distractor tr sentence 0 holds NaN"),
    ],
)
def test_bad_distractors_are_named(vectors, change, message):
    with pytest.raises(NumericError, match=message):
        retrieve_among_distractors(vectors, change(vectors))


def test_sparse_pools_give_the_same_ranks(vectors):
    positive = {language: np.abs(rows) for language, rows in vectors.items()}
    asked = {language: rows[:25] for language, rows in positive.items()}
    distractors = {language: rows[25:] for language, rows in positive.items()}
    dense = retrieve_among_distractors(asked, distractors)
    sparse = retrieve_sparse_translations(
        {language: csr_array(rows) for language, rows in asked.items()},
        {language: csr_array(rows) for language, rows in distractors.items()},
    )
    assert (sparse.pairs, sparse.n_candidates) == (dense.pairs, 60)
    assert (sparse.ranks == dense.ranks).all()
    with pytest.raises(NumericError, match="expected equally many of width 12 for each of en, ja, tr"):
        retrieve_sparse_translations(
            {language: csr_array(rows) for language, rows in asked.items()}, {"en": csr_array(asked["en"])}
        )
