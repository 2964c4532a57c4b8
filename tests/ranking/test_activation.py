import math

import numpy as np
import pytest
import torch

from polysteer.errors import ConfigError, NumericError
from polysteer.masks.neurons import NeuronTable
from polysteer.ranking.activation import INACTIVE, score_activations
from polysteer.ranking.rules import SelectionRule, select_active


def select_as_published(counts, n_tokens, top_rate):
    """By language a set of neurons, in the steps of the paper: 95 % bars, the least entropies, bars again."""
    probability = torch.from_numpy(counts.T / n_tokens)
    normed = probability / probability.sum(dim=-1, keepdim=True)
    normed[torch.isnan(normed)] = 0
    entropy = -torch.where(normed > 0, normed * normed.log(), 0).sum(dim=-1)
    everything = probability.flatten()
    bar = everything.kthvalue(round(len(everything) * 0.95)).values
    entropy[(probability > bar).sum(dim=-1) == 0] = math.inf
    least = entropy.argsort(stable=True)[: round(len(entropy) * top_rate)]
    return [{int(n) for n in least if probability[n, language] > bar} for language in range(len(n_tokens))]


@pytest.mark.parametrize("top_rate", [0.01, 0.05, 0.5])
@pytest.mark.parametrize("seed", range(4))
def test_the_experts_are_those_of_the_published_procedure(top_rate, seed):
    rng = np.random.default_rng(seed)
    neurons = NeuronTable(("mlp.gate",), (500,), 4)
    n_tokens = np.array([9000, 7000, 8000, 5000])
    rate = rng.beta(0.5, 2, size=(1, 2000)) * rng.choice([1, 0.2], size=(4, 2000), p=[0.8, 0.2])
    counts = rng.binomial(n_tokens[:, None], rate)
    counts[:, :100] = 0  # dead
    scores = score_activations(counts, n_tokens).astype(np.float32)
    found = select_active(scores, neurons, top_rate, SelectionRule())
    expected = select_as_published(counts, n_tokens, top_rate)
    assert [set(own.tolist()) for own in found] == expected
    assert sum(map(len, expected)) > len(set().union(*expected))  # some serve several languages


def test_a_hand_computed_table():
    # 20 numbers: the bar is the 19th, 0.8, and only 0.9 exceeds it; shares 0.9, 0.1 and 0.
    counts = np.zeros((2, 10), np.int64)
    counts[:, 3] = 90, 10
    counts[:, 4] = 80, 80
    found = score_activations(counts, np.array([100, 100]))
    entropy = -(0.9 * math.log(0.9) + 0.1 * math.log(0.1))
    assert found[0, 3] == pytest.approx(math.log(2) - entropy)
    assert (np.delete(found.ravel(), 3) == INACTIVE).all()


def test_a_neuron_active_in_all_languages_alike_scores_zero_in_each():
    counts = np.zeros((3, 60), np.int64)
    counts[:, 7] = 50, 100, 25
    found = score_activations(counts, np.array([100, 200, 50]))
    assert found[:, 7] == pytest.approx([0, 0, 0], abs=1e-12)
    assert (found[:, 7] >= 0).all()


def test_counts_without_tokens_are_refused():
    for counts, n_tokens in ((np.zeros((2, 3)), [5, 0]), (np.zeros((1, 3)), [5]), (np.zeros((3, 3)), [5, 5])):
        with pytest.raises(NumericError, match="tokens"):
            score_activations(counts, np.array(n_tokens))


def test_lape_has_no_worst_end():
    scores = np.zeros((2, 4), np.float32)
    with pytest.raises(ConfigError, match="ends: top instead of both"):
        select_active(scores, NeuronTable(("mlp.gate",), (4,), 1), 1, SelectionRule(ends="both"))
