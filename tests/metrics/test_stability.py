"""Agreement of rankings, beside scipy and by hand."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from polysteer.errors import NumericError
from polysteer.metrics.stability import average_with_others, correlate_ranks, correlate_two


def test_correlations_are_scipys_with_ties():
    scores = np.random.default_rng(0).integers(0, 5, size=(3, 40)).astype(np.float32)
    found = correlate_ranks(scores)
    for i in range(3):
        for j in range(3):
            assert found[i, j] == pytest.approx(spearmanr(scores[i], scores[j]).statistic)


def test_each_draw_is_averaged_over_the_others():
    agreement = np.array([[1.0, 0.2, 0.4], [0.2, 1.0, 0.6], [0.4, 0.6, 1.0]])
    np.testing.assert_allclose(average_with_others(agreement), [0.3, 0.4, 0.5])


@pytest.mark.parametrize(
    ("scores", "says"),
    [(np.ones((1, 4)), "two rows"), (np.ones((2, 4)), "all equal")],
    ids=["one", "constant"],
)
def test_what_has_no_correlation_is_refused(scores, says):
    with pytest.raises(NumericError, match=says):
        correlate_ranks(scores)


def test_two_rows_agree_with_scipy_ties_included():
    generator = np.random.default_rng(2)
    for _ in range(50):
        x, y = generator.integers(0, 5, (2, 9)).astype(float)
        assert correlate_two(x, y) == pytest.approx(spearmanr(x, y).statistic)
    assert correlate_two([1, 2, 3], [0.1, 0.2, 9]) == pytest.approx(1)
    assert correlate_two([1, 2, 3], [1, 1, 1]) is None


def test_values_without_ranks_are_refused():
    with pytest.raises(NumericError, match="1 and 1 values"):
        correlate_two([1], [1])
    with pytest.raises(NumericError, match="NaN"):
        correlate_two([1, 2], [1, float("nan")])
