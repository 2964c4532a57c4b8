"""Pairs of languages that share some sentences only, beside loops over the rows that they share."""

import itertools

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.metrics.pairwise import cosine_similarity

from polysteer.errors import NumericError
from polysteer.metrics.alignment import measure_alignment
from polysteer.metrics.intervals import average_pairs, bootstrap_mean, bootstrap_means, compare_paired
from polysteer.metrics.pairing import PairNumbers, SharedRows, measure_shared, retrieve_shared
from polysteer.metrics.retrieval import retrieve_translations, select_pairs
from polysteer.metrics.sparse import retrieve_sparse_translations
from polysteer.metrics.vectors import LanguagePair
from support import reference

# Which of the 60 meanings each language has: en all of them, ja and tr no sentence in common.
HELD = {"en": np.arange(60), "ja": np.arange(0, 25), "tr": np.arange(25, 60)}


def measure_cosines(vectors) -> PairNumbers:
    found = measure_alignment(vectors)
    cosines = {"pair": found.pair_cosine, "random": found.random_cosine, "gap": found.gap}
    return PairNumbers(found.pairs, cosines)


def pair_up(held: dict[str, np.ndarray], columns: np.ndarray) -> dict[LanguagePair, SharedRows]:
    pairings = {}
    for a, b in itertools.combinations(held, 2):
        shared = [meaning for meaning in held[a] if meaning in held[b]]
        if shared:
            rows = ([list(held[lang]).index(meaning) for meaning in shared] for lang in (a, b))
            pairings[LanguagePair(a, b)] = SharedRows(*map(np.array, rows), columns[shared])
    return pairings


@pytest.fixture
def partly(vectors):
    return {language: rows[HELD[language]] for language, rows in vectors.items()}


@pytest.fixture
def pairings():
    return pair_up(HELD, np.arange(60))


def test_each_pair_is_ranked_among_what_it_shares(vectors, partly, pairings):
    found = retrieve_shared(partly, pairings, retrieve_translations)
    assert found.pairs == (("en", "ja"), ("en", "tr"), ("ja", "en"), ("tr", "en"))
    assert found.n_candidates is None
    for (source, wanted), ranks, hits in zip(found.pairs, found.ranks, found.hits(), strict=True):
        shared = np.intersect1d(HELD[source], HELD[wanted])
        expected = reference.ranks(vectors[source][shared], vectors[wanted][shared])
        assert ranks[shared].tolist() == expected
        assert np.flatnonzero(ranks).tolist() == shared.tolist()
        assert hits[shared].tolist() == [rank == 1 for rank in expected]
        assert np.isnan(np.delete(hits, shared)).all()
    np.testing.assert_array_equal(np.isnan(found.reciprocal_ranks()), found.ranks == 0)
    into = select_pairs(found.pairs, "into", "en")
    assert (into.tolist(), found.ranks.shape) == ([False, False, True, True], (4, 60))


def test_sparse_rows_are_paired_the_same_way(partly, pairings):
    dense = {language: np.abs(rows) for language, rows in partly.items()}
    sparse = {language: csr_array(rows) for language, rows in dense.items()}
    found = retrieve_shared(sparse, pairings, retrieve_sparse_translations)
    assert (found.ranks == retrieve_shared(dense, pairings, retrieve_translations).ranks).all()


def test_pairs_of_one_size_side_by_side_have_no_gaps(vectors):
    held = {"en": np.arange(60), "ja": np.arange(0, 30), "tr": np.arange(30, 60)}
    side_by_side = pair_up(held, np.arange(60) % 30)
    rows = {language: vectors[language][held[language]] for language in held}
    found = retrieve_shared(rows, side_by_side, retrieve_translations)
    assert (found.n_candidates, found.ranks.shape, found.hits().dtype) == (30, (4, 30), bool)
    assert found.ranks[1].tolist() == reference.ranks(vectors["en"][30:], vectors["tr"][30:])


def test_pairings_of_everything_change_nothing(vectors):
    everything = pair_up(dict.fromkeys(vectors, np.arange(60)), np.arange(60))
    plain, paired = (retrieve_shared(vectors, p, retrieve_translations) for p in (None, everything))
    assert (plain.pairs, plain.n_candidates) == (paired.pairs, paired.n_candidates)
    assert (plain.ranks == paired.ranks).all()
    gap = measure_shared(vectors, everything, measure_cosines).by_name["gap"]
    np.testing.assert_allclose(gap, measure_alignment(vectors).gap, atol=1e-6)


def test_cosines_of_a_pair_are_those_of_its_shared_sentences(vectors, partly, pairings):
    pairs, found = measure_shared(partly, pairings, measure_cosines)
    for (source, wanted), own, others in zip(pairs, found["pair"], found["random"], strict=True):
        shared = np.intersect1d(HELD[source], HELD[wanted])
        a, b = (vectors[lang][shared].astype(np.float64) for lang in (source, wanted))
        table = cosine_similarity(a, b)
        np.testing.assert_allclose(own[shared], table.diagonal(), atol=1e-6)
        off_diagonal = (table.sum(axis=1) - table.diagonal()) / (len(shared) - 1)
        np.testing.assert_allclose(others[shared], off_diagonal, atol=1e-6)
        assert np.isnan(np.delete(own, shared)).all()


def test_languages_that_share_nothing_are_refused(partly):
    with pytest.raises(NumericError, match="no two of en, ja, tr share sentences"):
        retrieve_shared(partly, {}, retrieve_translations)


@pytest.fixture
def gaps() -> np.ndarray:
    """Three pairs with 40, 25 and 4 of 40 meanings, and a different share of hits in each."""
    generator = np.random.default_rng(8)
    table = (generator.random((3, 40)) < np.array([[0.2], [0.5], [0.9]])).astype(float)
    table[1, generator.permutation(40)[:15]] = np.nan
    table[2, generator.permutation(40)[:36]] = np.nan
    return table


def test_the_mean_counts_each_pair_once(gaps):
    means = [np.mean([value for value in row if value == value]) for row in gaps]
    assert average_pairs(gaps) == pytest.approx(np.mean(means))
    assert average_pairs(gaps) != pytest.approx(np.nanmean(gaps))


def test_the_interval_equals_a_loop_over_resamples_of_meanings(gaps):
    generator, means = np.random.default_rng(5), []
    for _ in range(400):
        drawn = gaps[:, generator.integers(0, 40, 40)]
        by_pair = [row[~np.isnan(row)].mean() for row in drawn if not np.isnan(row).all()]
        means.append(np.mean(by_pair))
    found, second = bootstrap_means([gaps, gaps[[1]]], resamples=400, seed=5)
    assert found.mean == pytest.approx(average_pairs(gaps))
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(means, [0.025, 0.975])))
    assert second == pytest.approx(bootstrap_mean(gaps[[1]], resamples=400, seed=5))


def test_a_pair_that_no_resample_always_reaches(gaps):
    """Of four meanings among forty, one resample in seventy has none: it tells nothing of that pair."""
    found = bootstrap_mean(gaps[[2]], resamples=2000, seed=0)
    assert 0 <= found.low <= found.mean <= found.high <= 1


def test_intervals_with_gaps_cover_the_truth_about_19_times_in_20():
    generator, covered = np.random.default_rng(1), 0
    for seed in range(300):
        values = (generator.random((4, 120)) < 0.4).astype(float)
        values[generator.random((4, 120)) < 0.5] = np.nan
        found = bootstrap_mean(values, resamples=300, seed=seed)
        covered += found.low <= 0.4 <= found.high
    assert 0.90 <= covered / 300 <= 0.98


def test_the_paired_test_equals_flipping_every_sign():
    after = np.array([[1, 1, 0, np.nan, 1, 1, 0], [np.nan, 1, 1, 1, np.nan, 0, 1.0]])
    before = np.array([[0, 1, 0, np.nan, 0, 1, 0], [np.nan, 0, 1, 0, np.nan, 0, 0.0]])
    found = compare_paired(after, before, resamples=40_000, seed=0)
    difference = after - before
    observed = average_pairs(difference)
    assert found.mean == pytest.approx(observed)
    flips = [
        abs(average_pairs(difference * np.array(signs))) for signs in itertools.product((-1, 1), repeat=7)
    ]
    exact = np.mean([flip >= abs(observed) - 1e-12 for flip in flips])
    assert found.p_value == pytest.approx(exact, abs=0.01)


def test_bad_gaps_are_refused(gaps):
    empty = gaps.copy()
    empty[0] = np.nan
    with pytest.raises(NumericError, match="all meanings of a pair"):
        bootstrap_mean(empty, resamples=10, seed=0)
    with pytest.raises(NumericError, match="lack other meanings"):
        compare_paired(gaps, np.nan_to_num(gaps), resamples=10, seed=0)
    gaps[0, 0] = np.inf
    with pytest.raises(NumericError, match="infinity"):
        bootstrap_mean(gaps, resamples=10, seed=0)
