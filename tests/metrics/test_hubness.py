"""Hubness against plain loops and SciPy's skewness."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import skew

from polysteer.metrics import hubness
from polysteer.metrics.hubness import count_occurrences, list_series, measure_hubness


def count_by_loops(vectors):
    counts = np.zeros(len(vectors))
    units = [row / np.linalg.norm(row) for row in vectors]
    for i, query in enumerate(units):
        others = [(-float(query @ unit), j) for j, unit in enumerate(units) if j != i]
        for _, j in sorted(others)[:10]:
            counts[j] += 1
    return counts


@pytest.fixture
def vectors():
    generator = np.random.default_rng(0)
    return generator.standard_normal((60, 5)) + np.array([0.5, 0, 0, 0, 0])


def test_counts_are_those_of_plain_loops(vectors, monkeypatch):
    expected = count_by_loops(vectors)
    assert count_occurrences(vectors).tolist() == expected.tolist()
    assert expected.sum() == 10 * len(vectors)
    monkeypatch.setattr(hubness, "_TILE_CELLS", 7 * 60)  # seven queries at a time
    assert count_occurrences(vectors).tolist() == expected.tolist()


def test_of_equally_near_sentences_the_ones_listed_first_count():
    one, other = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    vectors = np.array([one] * 14 + [other] * 2)
    counts = count_occurrences(vectors)
    # The first ten are found by the others of their kind; each of them finds the eleventh in its own stead.
    # The two apart find each other, then nine of those that are all as far away.
    assert counts.tolist() == [15.0] * 9 + [13.0] + [10.0] + [0.0] * 3 + [1.0] * 2


def test_the_mean_of_the_values_is_the_skewness(vectors):
    values = measure_hubness(vectors)
    assert values.mean() == pytest.approx(skew(count_by_loops(vectors)))
    hub = np.concatenate([vectors, vectors.mean(axis=0, keepdims=True)])
    assert measure_hubness(hub).mean() > values.mean()


def test_the_spread_of_the_values_is_that_of_the_skewness(vectors):
    """Over resampled counts, whose skewness the values follow to first order."""
    generator = np.random.default_rng(1)
    vectors = generator.standard_normal((400, 3))
    counts, values = count_occurrences(vectors), measure_hubness(vectors)
    drawn = generator.integers(0, len(counts), (2000, len(counts)))
    assert values[drawn].mean(axis=1).std() == pytest.approx(skew(counts[drawn], axis=1).std(), rel=0.15)


def test_languages_of_the_same_sentences_are_averaged_by_meaning(vectors):
    test = {"de": vectors[:30], "ja": vectors[30:]}
    (one,) = list_series(SimpleNamespace(test=test, pairings=None))
    assert one.values.shape == (1, 30)
    assert one.values.mean() == pytest.approx(skew(count_by_loops(vectors)))
    (other,) = list_series(SimpleNamespace(test=test, pairings={}))
    assert other.values.shape == (1, 60)
    assert other.values.mean() == pytest.approx(one.values.mean())


@pytest.mark.parametrize("n", [2, 11])
def test_with_too_few_sentences_it_is_not_defined(vectors, n):
    assert np.isnan(measure_hubness(vectors[:n])).all()
