import numpy as np
import pytest

from polysteer.errors import ConfigError
from polysteer.ranking.moments import MOMENTS, find_moments, fit_slopes
from polysteer.ranking.values import find_quantiles, find_values, find_values_by_language
from polysteer.responses.store import LanguageResponses, TokenStatistics


def respond(rng, *, n_tokens, scale=1.0):
    """Responses of 12 neurons whose sample is all tokens, in float16."""
    tokens = (rng.normal(size=(12, n_tokens)) * scale + rng.normal(size=(12, 1))).astype(np.float16)
    tokens[0] = 0.5
    pooled = rng.normal(size=(12, 31)).astype(np.float16)
    exact = tokens.astype(np.float64)
    statistics = TokenStatistics(
        n_tokens, exact.mean(axis=1), exact.var(axis=1), (exact > 0).sum(axis=1), tokens
    )
    return LanguageResponses(pooled, statistics)


@pytest.fixture
def by_language():
    rng = np.random.default_rng(0)
    return {
        "en": respond(rng, n_tokens=60),
        "ja": respond(rng, n_tokens=60, scale=2.0),
        "fr": respond(rng, n_tokens=60),
    }


def test_between_two_languages_moments_are_of_each(by_language):
    found = find_moments(MOMENTS, by_language, source="en")
    for row, language in enumerate(by_language):
        target, source = (by_language[name].tokens.sample.astype(float) for name in (language, "en"))
        np.testing.assert_allclose(found["mean"][row], target.mean(axis=1), rtol=1e-6)
        np.testing.assert_allclose(found["deviation"][row], target.std(axis=1), rtol=1e-6)
        np.testing.assert_allclose(found["source_mean"][row], source.mean(axis=1), rtol=1e-6)
        np.testing.assert_allclose(found["source_deviation"][row], source.std(axis=1), rtol=1e-6)


def test_the_slope_is_the_least_squares_line_through_sorted_tokens(by_language):
    found = find_moments(("slope",), by_language, source="en")["slope"]
    for row, language in enumerate(by_language):
        target, source = (by_language[name].tokens.sample.astype(float) for name in (language, "en"))
        for neuron in range(1, 12):
            line = np.polyfit(np.sort(source[neuron]), np.sort(target[neuron]), 1)
            assert found[row, neuron] == pytest.approx(line[0], rel=1e-5)
        assert found[row, 0] == 1  # constant at the source


def test_without_a_source_it_is_all_others_each_weighing_the_same(by_language):
    found = find_moments(MOMENTS, by_language, source=None)
    others = np.concatenate([by_language[name].tokens.sample.astype(float) for name in ("en", "fr")], axis=1)
    np.testing.assert_allclose(found["source_mean"][1], others.mean(axis=1), rtol=1e-6)
    np.testing.assert_allclose(found["source_deviation"][1], others.std(axis=1), rtol=1e-6)
    target = np.repeat(by_language["ja"].tokens.sample.astype(float), 2, axis=1)
    slopes = [np.polyfit(np.sort(others[n]), np.sort(target[n]), 1)[0] for n in range(1, 12)]
    np.testing.assert_allclose(found["slope"][1, 1:], slopes, rtol=1e-5)


@pytest.mark.parametrize(("n_source", "n_target"), [(7, 7), (6, 9), (50, 20), (1, 13), (13, 1)])
def test_samples_of_other_sizes_are_coupled_as_if_each_stood_many_times(n_source, n_target):
    rng = np.random.default_rng(n_source)
    source, target = (rng.normal(size=(5, n)).astype(np.float16) for n in (n_source, n_target))
    many_source = np.sort(np.repeat(source.astype(float), n_target, axis=1), axis=1)
    many_target = np.sort(np.repeat(target.astype(float), n_source, axis=1), axis=1)
    expected = [
        np.polyfit(x, y, 1)[0] if n_source > 1 else 1 for x, y in zip(many_source, many_target, strict=True)
    ]
    np.testing.assert_allclose(fit_slopes(source, target), expected, rtol=1e-6, atol=1e-12)


def test_bfloat16_samples_give_the_same_line():
    rng = np.random.default_rng(3)
    source, target = (rng.integers(-50, 50, size=(4, 30)).astype(np.float32) / 8 for _ in range(2))
    halves = [(side.view(np.uint32) >> 16).astype(np.uint16) for side in (source, target)]
    as_float16 = fit_slopes(source.astype(np.float16), target.astype(np.float16))
    np.testing.assert_allclose(fit_slopes(*halves), as_float16, rtol=1e-9)


def test_what_is_not_known_is_refused(by_language):
    with pytest.raises(ConfigError, match="'skew'"):
        find_moments(("skew",), by_language, source=None)
    with pytest.raises(ConfigError, match="the source 'de'"):
        find_moments(("mean",), by_language, source="de")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("n_columns", [1, 2, 31, 40])
def test_quantiles_equal_numpy_s(share, n_columns):
    rows = np.random.default_rng(4).normal(size=(20, n_columns)).astype(np.float16)
    expected = np.quantile(rows.astype(np.float64), share, axis=1)
    np.testing.assert_allclose(find_quantiles(rows, share), expected, rtol=1e-5, atol=1e-6)


def test_values_of_responses_and_of_the_other_languages(by_language):
    ja = by_language["ja"]
    pooled = ja.pooled.astype(np.float64)
    np.testing.assert_allclose(find_values("pooled_p90", ja), np.percentile(pooled, 90, axis=1), rtol=1e-5)
    np.testing.assert_allclose(find_values("pooled_mean", ja), pooled.mean(axis=1), rtol=1e-5, atol=1e-7)
    others = find_values_by_language("others_token_mean", by_language)
    expected = (by_language["en"].tokens.mean + by_language["fr"].tokens.mean) / 2
    np.testing.assert_allclose(others[1], expected, rtol=1e-6)
    own = find_values_by_language("pooled_p90", by_language)
    assert (own[1] == find_values("pooled_p90", ja)).all()
