import numpy as np
import pytest

from polysteer.errors import ConfigError
from polysteer.masks.neurons import Addresses, NeuronTable
from polysteer.ranking.selection import count_experts, draw_control, select_own

NEURONS = NeuronTable(("attn.out", "mlp.out"), (8, 20), 3)


def by_hand(scores, n):
    return sorted(sorted(range(len(scores)), key=lambda i: (-scores[i], i))[:n])


@pytest.mark.parametrize(("k", "n"), [(0.1, 8), (0.001, 1), (1, 1), (5, 5), (84, 84), (0.999, 84), (5.0, 5)])
def test_k_is_a_fraction_below_one_and_else_a_count(k, n):
    assert count_experts(k, 84) == n


@pytest.mark.parametrize("k", [0, -1, 85, 1.5, float("nan"), float("inf")])
def test_a_k_that_means_nothing_is_refused(k):
    with pytest.raises(ConfigError, match="k is"):
        count_experts(k, 84)


@pytest.mark.parametrize("k", [1, 7, 0.5, 84])
def test_the_best_are_selected_and_equals_go_to_the_first(k):
    scores = np.random.default_rng(0).integers(0, 5, 84).astype(np.float32)
    assert select_own(scores, k).tolist() == by_hand(scores, count_experts(k, 84))


def test_locating_and_numbering_are_inverse_and_sorted():
    numbers = np.arange(NEURONS.n_neurons)
    addresses = NEURONS.locate(numbers)
    assert list(zip(*(column.tolist() for column in addresses), strict=True)) == [
        (site, block, unit)
        for site, width in enumerate((8, 20))
        for block in range(3)
        for unit in range(width)
    ]
    assert (NEURONS.number(Addresses(*addresses)) == numbers).all()
    for segment in NEURONS.segments:
        inside = NEURONS.locate(np.arange(segment.start, segment.stop))
        assert set(inside.block.tolist()) == {segment.block}
        assert {NEURONS.sites[i] for i in inside.site.tolist()} == {segment.site}


def counts_by_segment(numbers):
    site, block, _ = NEURONS.locate(np.asarray(numbers))
    return np.bincount(site.astype(int) * 3 + block, minlength=6).tolist()


def test_a_control_has_the_experts_spread_and_none_of_them():
    experts = np.array([0, 9, 10, 26, 30, 31, 32, 33, 34, 70])
    for draw in range(20):
        control = draw_control(experts, NEURONS, seed=0, draw=draw)
        assert counts_by_segment(control) == counts_by_segment(experts)
        assert (np.diff(control) > 0).all()
        assert not set(control.tolist()) & set(experts.tolist())


def test_where_experts_fill_a_block_all_its_neurons_take_part():
    experts = np.arange(
        4
    )  # 4 of the 8 units of attn.out in block 0: the others would be the same at every draw
    drawn = [draw_control(experts, NEURONS, seed=0, draw=draw) for draw in range(60)]
    assert all(counts_by_segment(control) == [4, 0, 0, 0, 0, 0] for control in drawn)
    assert set(np.concatenate(drawn).tolist()) == set(range(8))


def test_every_other_neuron_is_equally_likely():
    experts = np.array([28, 29])  # mlp.out, block 0: 18 others
    drawn = np.concatenate([draw_control(experts, NEURONS, seed=3, draw=draw) for draw in range(1800)])
    counts = np.bincount(drawn, minlength=48)[24:44]
    assert counts[[4, 5]].tolist() == [0, 0]
    others = np.delete(counts, [4, 5])
    assert others.min() > 140
    assert others.max() < 260


def test_the_same_draw_is_the_same_and_others_differ():
    experts = np.arange(30, 35)
    first = draw_control(experts, NEURONS, seed=0, draw=0)
    assert (first == draw_control(experts, NEURONS, seed=0, draw=0)).all()
    assert (first != draw_control(experts, NEURONS, seed=0, draw=1)).any()
    assert (first != draw_control(experts, NEURONS, seed=1, draw=0)).any()
