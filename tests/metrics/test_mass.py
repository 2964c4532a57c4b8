"""Own tokens and their probability, by hand."""

import numpy as np
import pytest

from polysteer.errors import NumericError
from polysteer.metrics.mass import measure_mass, measure_share, select_own_tokens


def test_own_tokens_occur_in_no_other_language() -> None:
    seen = {"de": np.array([1, 2, 3]), "en": np.array([2, 4]), "ja": np.array([2])}
    own = {language: ids.tolist() for language, ids in select_own_tokens(seen).items()}
    assert own == {"de": [1, 3], "en": [4], "ja": []}


def test_mass_is_a_mean_over_positions() -> None:
    expected = np.array([0.5, 1.0, 0.25, 0.25], dtype=np.float32)  # of two positions
    assert measure_mass(expected, np.array([0, 2]), n_positions=2) == 0.375
    assert measure_mass(expected, np.array([], dtype=np.int64), n_positions=2) == 0.0
    with pytest.raises(NumericError, match="at no position"):
        measure_mass(expected, np.array([0]), n_positions=0)
    with pytest.raises(NumericError, match="token 4 is not among the 4"):
        measure_mass(expected, np.array([4]), n_positions=2)


def test_share_counts_every_occurrence() -> None:
    assert measure_share(np.array([3, 5, 7]), np.array([1, 2, 5]), np.array([5, 9])) == 0.25
    with pytest.raises(NumericError, match="no tokens"):
        measure_share(np.array([3]), np.array([0]), np.array([3]))
