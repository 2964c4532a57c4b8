"""Intervals and tests beside scipy, a loop, and exact enumeration."""

import itertools

import numpy as np
import pytest
from scipy import stats

from polysteer.errors import NumericError
from polysteer.metrics.intervals import (
    adjust_holm,
    bootstrap_mean,
    bootstrap_means,
    compare_paired,
    rank_among,
)


@pytest.fixture
def hits() -> np.ndarray:
    return np.random.default_rng(0).random((6, 200)) < 0.3


def test_interval_equals_a_loop_over_the_same_resamples(hits):
    by_meaning = hits.mean(axis=0)
    generator = np.random.default_rng(7)
    means = [by_meaning[generator.integers(0, 200, 200)].mean() for _ in range(500)]
    found = bootstrap_mean(hits, resamples=500, seed=7)
    assert found.mean == pytest.approx(hits.mean())
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(means, [0.025, 0.975])))
    assert found.n == 200


def test_interval_agrees_with_scipy(hits):
    expected = stats.bootstrap(
        (hits.mean(axis=0),), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    found = bootstrap_mean(hits, resamples=20_000, seed=0)
    assert found.low == pytest.approx(expected.low, abs=1e-3)
    assert found.high == pytest.approx(expected.high, abs=1e-3)


def test_interval_covers_the_truth_about_19_times_in_20():
    generator = np.random.default_rng(5)
    covered = 0
    for seed in range(400):
        found = bootstrap_mean(generator.random(100) < 0.4, resamples=400, seed=seed)
        covered += found.low <= 0.4 <= found.high
    assert 0.90 <= covered / 400 <= 0.98


def test_meanings_and_not_pairs_are_resampled():
    """Twenty copies of one observation are no more evidence than one."""
    once = np.random.default_rng(2).random((1, 100)) < 0.5
    a, b = bootstrap_means([once, np.repeat(once, 20, axis=0)], resamples=1000, seed=0)
    assert a == pytest.approx(b)


def test_many_series_share_their_resamples(hits):
    together = bootstrap_means([hits, ~hits, hits], resamples=300, seed=4)
    assert together[0] == together[2] == pytest.approx(bootstrap_mean(hits, resamples=300, seed=4))
    assert together[1].low == pytest.approx(1 - together[0].high)


def test_a_seed_decides_everything(hits):
    assert bootstrap_mean(hits, resamples=100, seed=1) == bootstrap_mean(hits, resamples=100, seed=1)
    assert bootstrap_mean(hits, resamples=100, seed=1) != bootstrap_mean(hits, resamples=100, seed=2)


def test_sign_flip_p_value_agrees_with_enumeration():
    before = np.array([0.1, 0.5, 0.2, 0.0, 0.3, 0.4, 0.9, 0.1, 0.0, 0.2])
    after = before + np.array([0.3, 0.1, -0.1, 0.2, 0.4, 0.0, 0.1, 0.2, 0.3, -0.2])
    difference = after - before
    flips = [abs(np.dot(signs, difference)) for signs in itertools.product((-1, 1), repeat=10)]
    exact = np.mean(np.array(flips) >= abs(difference.sum()) - 1e-12)
    found = compare_paired(after, before, resamples=40_000, seed=0)
    assert found.p_value == pytest.approx(exact, abs=0.01)
    assert found.mean == pytest.approx(0.13)


def test_sign_flip_p_value_agrees_with_scipy(hits):
    other = np.random.default_rng(9).random((6, 200)) < 0.33
    expected = stats.permutation_test(
        (other.mean(axis=0), hits.mean(axis=0)),
        lambda x, y, axis: (x - y).mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=9999,
        rng=np.random.default_rng(0),
    )
    found = compare_paired(other, hits, resamples=20_000, seed=0)
    assert found.p_value == pytest.approx(expected.pvalue, abs=0.01)
    assert 0.001 < found.p_value < 0.5


def test_p_value_is_uniform_when_nothing_differs():
    generator = np.random.default_rng(0)
    p_values = [
        compare_paired(
            generator.standard_normal(40), generator.standard_normal(40), resamples=199, seed=seed
        ).p_value
        for seed in range(300)
    ]
    assert stats.kstest(p_values, "uniform").pvalue > 0.01


def test_p_value_is_never_zero_and_is_one_for_no_difference(hits):
    assert compare_paired(hits | True, hits & False, resamples=99, seed=0).p_value == pytest.approx(0.01)
    assert compare_paired(hits, hits, resamples=99, seed=0).p_value == 1.0


def test_holm_by_hand():
    # Sorted .01 .02 .03 .04 -> .04, .06, .06 (not below the one before), .06.
    assert adjust_holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert adjust_holm([0.6, 0.7]) == [1.0, 1.0]
    assert adjust_holm([]) == []
    with pytest.raises(NumericError, match="between 0 and 1"):
        adjust_holm([0.5, float("nan")])


def test_rank_counts_a_tie_against_the_result():
    assert rank_among(0.5, [0.1, 0.5, 0.6]) == (3, 3, 0.75)
    assert rank_among(0.7, [0.1] * 39) == (1, 39, 1 / 40)
    assert rank_among(0.7, []) == (1, 0, 1.0)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.array([1.0]), r"shape \(1,\)"),
        (np.zeros((2, 3, 4)), r"shape \(2, 3, 4\)"),
        (np.array([0.0, np.nan]), "NaN"),
    ],
)
def test_bad_values_are_refused(values, message):
    with pytest.raises(NumericError, match=message):
        bootstrap_mean(values, resamples=10, seed=0)


def test_bad_counts_are_refused():
    with pytest.raises(NumericError, match="0 resamples"):
        bootstrap_mean(np.arange(3.0), resamples=0, seed=0)
    with pytest.raises(NumericError, match="3 meanings after and 4 before"):
        compare_paired(np.arange(3.0), np.arange(4.0), resamples=10, seed=0)
