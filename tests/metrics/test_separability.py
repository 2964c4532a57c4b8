"""Nearest mean and silhouette beside scikit-learn, and by hand."""

import numpy as np
import pytest
from sklearn.metrics import silhouette_samples
from sklearn.neighbors import NearestCentroid

from polysteer.errors import NumericError
from polysteer.metrics.separability import find_nearest_centroid, measure_silhouette


def label(vectors):
    rows = np.concatenate(list(vectors.values())).astype(np.float64)
    return rows, np.repeat(list(vectors), [len(own) for own in vectors.values()])


def test_nearest_centroid_equals_scikit_learn(vectors):
    find = {name: rows[: 30 + i] for i, (name, rows) in enumerate(vectors.items())}
    test = {name: rows[35:] for name, rows in vectors.items()}
    rows, labels = label(test)
    expected = NearestCentroid().fit(*label(find)).predict(rows) == labels
    found = find_nearest_centroid(find, test)
    assert found.ravel().tolist() == expected.tolist()
    assert 0.4 < found.mean() < 1


def test_a_sentence_between_two_means_is_no_hit():
    find = {"a": np.array([[0.0], [2.0]]), "b": np.array([[3.0], [3.0]])}
    found = find_nearest_centroid(find, {"a": np.array([[2.0], [1.9]]), "b": np.array([[2.1], [1.0]])})
    assert found.tolist() == [[False, True], [True, False]]


@pytest.mark.parametrize("offset", [0, 300])
def test_silhouette_equals_scikit_learn(vectors, offset):
    moved = {name: rows + np.float32(offset) for name, rows in vectors.items()}
    expected = silhouette_samples(*label(moved))
    np.testing.assert_allclose(measure_silhouette(moved).ravel(), expected, atol=1e-7)


def test_silhouette_by_hand():
    # Of the sentence at 0: 2 from its own, 9 and 11 from the others: (10 - 2) / 10.
    found = measure_silhouette({"a": np.array([[0.0], [2.0]]), "b": np.array([[9.0], [11.0]])})
    assert found[0].tolist() == pytest.approx([0.8, 0.75])
    same = np.ones((3, 2))
    assert measure_silhouette({"a": same, "b": same}).tolist() == [[0, 0, 0]] * 2


def test_bad_vectors_are_refused(vectors):
    with pytest.raises(NumericError, match=r"1 language\(s\) given"):
        measure_silhouette({"a": np.eye(3)})
    with pytest.raises(NumericError, match="means are of en, sentences of en, ja, tr"):
        find_nearest_centroid({"en": vectors["en"]}, vectors)
    broken = vectors["ja"].copy()
    broken[2] = np.nan
    with pytest.raises(NumericError, match="vector of ja sentence 2"):
        find_nearest_centroid(vectors | {"ja": broken}, vectors)
