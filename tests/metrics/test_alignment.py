"""Cosines of translations and of everything else, beside double loops."""

import numpy as np
from sklearn.metrics.pairwise import cosine_similarity

from polysteer.metrics.alignment import measure_alignment


def test_cosines_equal_the_whole_similarity_matrix(vectors):
    found = measure_alignment(vectors)
    for row, (source, reference) in enumerate(found.pairs):
        table = cosine_similarity(vectors[source].astype(np.float64), vectors[reference].astype(np.float64))
        off_diagonal = (table.sum(axis=1) - table.diagonal()) / 59
        np.testing.assert_allclose(found.pair_cosine[row], table.diagonal(), atol=1e-6)
        np.testing.assert_allclose(found.random_cosine[row], off_diagonal, atol=1e-6)
        np.testing.assert_allclose(found.gap[row], table.diagonal() - off_diagonal, atol=2e-6)


def test_by_hand_two_sentences():
    a = np.array([[1, 0], [0, 1]], dtype=np.float32)
    b = np.array([[0, 2], [0, 5]], dtype=np.float32)
    found = measure_alignment({"a": a, "b": b})
    assert found.pair_cosine[0].tolist() == [0.0, 1.0]
    assert found.random_cosine[0].tolist() == [0.0, 1.0]
    assert found.random_cosine[1].tolist() == [1.0, 0.0]
