"""Perplexity and cost worked by hand."""

import math

import pytest

from polysteer.errors import NumericError
from polysteer.metrics.perplexity import LanguageLoss, measure_cost


def loss(perplexity: float, n_tokens: int = 10) -> LanguageLoss:
    return LanguageLoss(nll=math.log(perplexity) * n_tokens, n_tokens=n_tokens, n_bytes=4 * n_tokens)


def test_perplexity_and_bits_of_a_fair_choice():
    """Ten tokens, each one of eight, four bytes each: perplexity 8, 30 bits over 40 bytes."""
    assert loss(8).perplexity == pytest.approx(8)
    assert loss(8).bits_per_byte == pytest.approx(0.75)


def test_cost_is_the_targets_ratio_where_that_is_larger():
    plain = {"ja": loss(4), "en": loss(5), "tr": loss(6)}
    assert measure_cost(plain, {"ja": loss(6), "en": loss(5), "tr": loss(6)}, "ja") == pytest.approx(1.5)


def test_cost_is_the_geometric_mean_over_the_others_where_that_is_larger():
    plain = {"ja": loss(4, 99), "en": loss(5, 7), "tr": loss(6, 1000)}
    steered = {"ja": loss(5, 99), "en": loss(40, 7), "tr": loss(12, 1000)}
    assert measure_cost(plain, steered, "ja") == pytest.approx(4)


def test_a_gain_costs_less_than_one():
    assert measure_cost(
        {"ja": loss(4), "en": loss(4)}, {"ja": loss(3), "en": loss(2)}, "ja"
    ) == pytest.approx(0.75)


def test_without_a_target_cost_is_the_geometric_mean_over_all():
    plain = {"ja": loss(4, 99), "en": loss(5, 7), "tr": loss(6, 1000)}
    steered = {"ja": loss(4, 99), "en": loss(10, 7), "tr": loss(24, 1000)}
    assert measure_cost(plain, steered, None) == pytest.approx(2)
    with pytest.raises(NumericError, match="with the subspace erased are not finite"):
        measure_cost({"ja": loss(4)}, {"ja": LanguageLoss(math.nan, 3, 9)}, None)


def test_an_overflowing_perplexity_is_infinite():
    broken = LanguageLoss(nll=1e6, n_tokens=10, n_bytes=10)
    assert broken.perplexity == math.inf
    assert measure_cost({"ja": loss(4)}, {"ja": broken}, "ja") == math.inf


@pytest.mark.parametrize(
    ("plain", "steered", "message"),
    [
        ({"ja": loss(4)}, {"ja": loss(4), "en": loss(4)}, "losses are of ja without a mask but of en, ja"),
        ({"en": loss(4)}, {"en": loss(4)}, "no losses of the target 'ja'; there are en"),
        ({"ja": LanguageLoss(0, 0, 0)}, {"ja": LanguageLoss(0, 0, 0)}, "of no tokens"),
        ({"ja": loss(4)}, {"ja": LanguageLoss(math.nan, 3, 9)}, "not finite"),
    ],
)
def test_bad_losses_are_refused(plain, steered, message):
    with pytest.raises(NumericError, match=message):
        measure_cost(plain, steered, "ja")


def test_bits_of_no_text_are_refused():
    with pytest.raises(NumericError, match="no text"):
        _ = LanguageLoss(1.0, 1, 0).bits_per_byte
