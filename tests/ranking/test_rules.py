import numpy as np
import pytest

from polysteer.errors import ConfigError
from polysteer.masks.neurons import NeuronTable
from polysteer.ranking.rules import SelectionRule, select_by_language, select_experts

NEURONS = NeuronTable(("attn.out", "mlp.out"), (8, 20), 3)
ADDRESSES = list(zip(*(column.tolist() for column in NEURONS.locate(np.arange(84))), strict=True))


@pytest.fixture
def scores():
    return np.random.default_rng(0).integers(0, 6, 84).astype(np.float32)


def best_by_hand(scores, candidates, n, sign=-1):
    """Sorted by score, equals by number."""
    return sorted(candidates, key=lambda neuron: (sign * scores[neuron], neuron))[:n]


def group_by_hand(per):
    column = {"site": 0, "block": 1}[per]
    return [
        [n for n in range(84) if ADDRESSES[n][column] == key]
        for key in sorted({a[column] for a in ADDRESSES})
    ]


@pytest.mark.parametrize("per", ["site", "block"])
@pytest.mark.parametrize("k", [0.25, 5, 1])
def test_k_is_spent_in_every_site_or_block(scores, per, k):
    found = select_experts(scores, NEURONS, k, SelectionRule(per=per))
    groups = group_by_hand(per)
    sizes = [k if k >= 1 else max(1, round(k * len(group))) for group in groups]
    expected = [n for g, size in zip(groups, sizes, strict=True) for n in best_by_hand(scores, g, size)]
    assert found.tolist() == sorted(expected)


@pytest.mark.parametrize("k", [1, 2, 9, 0.5, 84])
def test_both_ends_are_the_best_half_and_the_worst_half(scores, k):
    n = round(k * 84) if k < 1 else k
    best = best_by_hand(scores, range(84), n - n // 2)
    worst = best_by_hand(scores, [neuron for neuron in range(84) if neuron not in best], n // 2, sign=1)
    found = select_experts(scores, NEURONS, k, SelectionRule(ends="both"))
    assert found.tolist() == sorted(best + worst)
    assert len(found) == n


def test_the_bottom_is_the_worst_and_of_equals_the_first(scores):
    found = select_experts(scores, NEURONS, 10, SelectionRule(ends="bottom"))
    assert found.tolist() == sorted(best_by_hand(scores, range(84), 10, sign=1))


def test_both_ends_of_equal_scores_are_different_neurons():
    found = select_experts(np.zeros(84, np.float32), NEURONS, 6, SelectionRule(ends="both"))
    assert found.tolist() == [0, 1, 2, 3, 4, 5]


def test_a_threshold_alone_and_with_k(scores):
    alone = select_experts(scores, NEURONS, None, SelectionRule(threshold=4))
    assert alone.tolist() == np.flatnonzero(scores >= 4).tolist()
    few = select_experts(scores, NEURONS, 5, SelectionRule(threshold=4))
    assert few.tolist() == sorted(best_by_hand(scores, range(84), 5))
    many = select_experts(scores, NEURONS, 80, SelectionRule(threshold=4))
    assert many.tolist() == alone.tolist()


def test_exclusive_languages_share_nothing_and_lose_only_what_they_shared():
    scores = np.random.default_rng(1).integers(0, 30, (3, 84)).astype(np.float32)
    shared = select_by_language(scores, NEURONS, 30, SelectionRule())
    found = select_by_language(scores, NEURONS, 30, SelectionRule(exclusive=True))
    sets = [set(own.tolist()) for own in shared]
    for row, own in enumerate(found):
        others = set().union(*(sets[i] for i in range(3) if i != row))
        assert set(own.tolist()) == sets[row] - others
        assert own.tolist() == sorted(own.tolist())
    assert 0 < sum(map(len, found)) < 90


def test_what_means_nothing_is_refused(scores):
    with pytest.raises(ConfigError, match="neither k nor a threshold"):
        select_experts(scores, NEURONS, None, SelectionRule())
    with pytest.raises(ConfigError, match=r"threshold of 0\.5 with ends: both"):
        SelectionRule(threshold=0.5, ends="both")
    with pytest.raises(ConfigError, match="'layer'"):
        SelectionRule(per="layer")
    with pytest.raises(ConfigError, match="'middle'"):
        SelectionRule(ends="middle")
    with pytest.raises(ConfigError, match="k is 9"):
        select_experts(scores, NeuronTable(("attn.out",), (4,), 21), 9, SelectionRule(per="block"))
