import numpy as np
import pytest
from scipy import stats

from polysteer.ranking.scores import score_neurons


def to_bfloat16(values):
    return (np.asarray(values, dtype=np.float32).view(np.uint32) >> 16).astype(np.uint16)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_it_is_the_difference_of_means_of_standardised_responses(dtype):
    rng = np.random.default_rng(0)
    values = rng.integers(-8, 9, size=(30, 200)) * rng.choice([0.25, 4.0], size=(30, 1)) + 3
    languages = rng.permutation(np.repeat([0, 1, 2], [120, 70, 10]))
    responses = values.astype(np.float16) if dtype == "float16" else to_bfloat16(values)
    found = score_neurons(responses, languages, n_languages=3, scores=("mean_diff",))["mean_diff"]
    standard = stats.zscore(values, axis=1)
    for language in range(3):
        own = languages == language
        expected = standard[:, own].mean(axis=1) - standard[:, ~own].mean(axis=1)
        np.testing.assert_allclose(found[language], expected, atol=1e-10)


def test_it_orders_neurons_as_the_t_statistic_does():
    rng = np.random.default_rng(1)
    values = (rng.normal(size=(50, 90)) + rng.normal(size=(50, 1)) * (np.arange(90) < 30)).astype(np.float16)
    languages = (np.arange(90) >= 30).astype(int)
    found = score_neurons(values, languages, n_languages=2, scores=("mean_diff",))["mean_diff"][0]
    rows = values.astype(float)
    t = stats.ttest_ind(rows[:, :30], rows[:, 30:], axis=1).statistic
    assert (np.argsort(found) == np.argsort(t)).all()


def test_constant_neurons_have_none_and_perfect_ones_are_finite():
    responses = np.array([[0.1] * 6, [2, 2, 2, -1, -1, -1]], dtype=np.float16)
    found = score_neurons(responses, [0, 0, 0, 1, 1, 1], n_languages=2, scores=("mean_diff",))["mean_diff"]
    assert found[:, 0].tolist() == [0, 0]
    assert found[:, 1] == pytest.approx([2, -2])  # means +1 and -1 after standardising


def test_all_scores_together_are_each_alone():
    responses = np.random.default_rng(2).normal(size=(40, 60)).astype(np.float16)
    languages = np.arange(60) % 3
    names = ("ap", "auroc", "mean_diff")
    together = score_neurons(responses, languages, n_languages=3, scores=names)
    for name in names:
        alone = score_neurons(responses, languages, n_languages=3, scores=(name,))
        assert (together[name] == alone[name]).all()
