"""Rotations between languages, beside scipy's."""

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes
from scipy.stats import ortho_group

from polysteer.embeddings.rotation import fit_rotation
from polysteer.errors import NumericError


def test_a_rotation_is_scipys_and_its_reverse_too():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 60, 12))
    rotation = fit_rotation(a, b)
    expected = orthogonal_procrustes(a, b)[0]
    np.testing.assert_allclose(rotation.left @ rotation.right, expected, atol=1e-10)
    np.testing.assert_allclose(rotation.turn(a), a @ expected, rtol=1e-4, atol=1e-6)
    back = rotation.reverse()
    np.testing.assert_allclose(back.left @ back.right, orthogonal_procrustes(b, a)[0], atol=1e-10)


def test_fewer_sentences_than_dimensions_turn_what_they_span():
    rng = np.random.default_rng(0)
    a, turn = rng.normal(size=(20, 50)), ortho_group.rvs(50, random_state=0)
    rotation = fit_rotation(a, a @ turn)
    np.testing.assert_allclose(rotation.turn(a), a @ turn, atol=1e-5)
    # What stands at a right angle to all of them is left out, and lengths within their span are kept.
    across = np.linalg.svd(a)[2][20:]
    np.testing.assert_allclose(rotation.turn(across), 0, atol=1e-6)
    np.testing.assert_allclose(
        np.linalg.svd(rotation.left @ rotation.right)[1], [1] * 20 + [0] * 30, atol=1e-7
    )


def test_sentences_that_are_no_translations_of_each_other_are_refused():
    with pytest.raises(NumericError, match=r"\(4, 3\) and \(5, 3\)"):
        fit_rotation(np.ones((4, 3)), np.ones((5, 3)))
