"""The rule of choice, on tables small enough to read."""

import math

import pytest

from polysteer.errors import NumericError
from polysteer.metrics.choice import Judged, choose_at_layer, choose_with_layer

SWEEP = [
    Judged("small", {"0": 0.9, "1": 0.20, "final": 0.10}, 1.05),
    Judged("middle", {"0": 0.9, "1": 0.15, "final": 0.18}, 1.20),
    Judged("large", {"0": 0.9, "1": 0.30, "final": 0.40}, 6.0),
]


def test_the_best_within_the_budget_at_a_fixed_layer():
    assert choose_at_layer(SWEEP, layer="final", cost_at_most=1.25) == ("middle", "final", 0.18, 1.2, True)
    assert choose_at_layer(SWEEP, layer="final", cost_at_most=1.2).label == "middle"
    assert choose_at_layer(SWEEP, layer="final", cost_at_most=1.1).label == "small"
    assert choose_at_layer(SWEEP, layer="final", cost_at_most=math.inf).label == "large"


def test_layer_and_candidate_are_chosen_together_and_layer_0_is_no_choice():
    assert choose_with_layer(SWEEP, cost_at_most=1.25) == ("small", "1", 0.20, 1.05, True)
    assert choose_with_layer(SWEEP, cost_at_most=1.25, skip=()).layer == "0"


def test_without_a_candidate_in_the_budget_the_cheapest_is_taken_and_said_so():
    choice = choose_at_layer(SWEEP[1:], layer="final", cost_at_most=1.1)
    assert (choice.label, choice.within_budget) == ("middle", False)
    assert choose_with_layer(SWEEP[1:], cost_at_most=1.1) == ("middle", "final", 0.18, 1.2, False)


def test_ties_go_to_the_cheaper_then_to_the_first():
    twins = [
        Judged("a", {"1": 0.5, "2": 0.5}, 1.2),
        Judged("b", {"1": 0.5}, 1.1),
        Judged("c", {"1": 0.5}, 1.1),
    ]
    assert choose_at_layer(twins, layer="1", cost_at_most=2).label == "b"
    assert choose_with_layer(twins[:1], cost_at_most=2).layer == "1"


def test_an_undefined_cost_counts_as_one():
    encoder = [Judged("a", {"1": 0.5}, None)]
    assert choose_at_layer(encoder, layer="1", cost_at_most=1.0) == ("a", "1", 0.5, 1.0, True)


def test_an_infinite_cost_never_fits_a_finite_budget():
    broken = [Judged("a", {"1": 0.9}, math.inf), Judged("b", {"1": 0.1}, 1.0)]
    assert choose_at_layer(broken, layer="1", cost_at_most=100).label == "b"


@pytest.mark.parametrize(
    ("choose", "message"),
    [
        (lambda: choose_at_layer([], layer="1", cost_at_most=2), "nothing to choose from"),
        (lambda: choose_with_layer([Judged("a", {"0": 0.5}, 1)], cost_at_most=2), "nothing to choose from"),
        (lambda: choose_at_layer(SWEEP, layer="7", cost_at_most=2), "small was not judged at layer '7'"),
        (lambda: choose_at_layer([Judged("a", {"1": math.nan}, 1)], layer="1", cost_at_most=2), "NaN"),
    ],
)
def test_what_cannot_be_chosen_is_refused(choose, message):
    with pytest.raises(NumericError, match=message):
        choose()
