from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from polysteer.errors import InterventionError, MaskError
from polysteer.masks import ExpertMask
from polysteer.masks.interventions import list_statistics, map_neurons
from polysteer.terms import INTERVENTIONS

RNG = np.random.default_rng(0)
TARGET = RNG.normal(size=(5, 400)) * RNG.uniform(0.5, 3, size=(5, 1)) + RNG.normal(size=(5, 1))
SOURCE = RNG.normal(size=(5, 400)) * RNG.uniform(0.5, 3, size=(5, 1)) + RNG.normal(size=(5, 1))


def float32(values):
    return np.asarray(values, dtype=np.float32)


@pytest.fixture
def statistics():
    labels = [1] * 400 + [0] * 400
    lines = [np.polyfit(np.sort(x), np.sort(y), 1) for x, y in zip(SOURCE, TARGET, strict=True)]
    return {
        "auroc": float32(
            [roc_auc_score(labels, np.concatenate(rows)) for rows in zip(TARGET, SOURCE, strict=True)]
        ),
        "mean": float32(TARGET.mean(axis=1)),
        "deviation": float32(TARGET.std(axis=1)),
        "source_mean": float32(SOURCE.mean(axis=1)),
        "source_deviation": float32(SOURCE.std(axis=1)),
        "slope": float32([line[0] for line in lines]),
    }


def move(intervention, statistics, x, strength=1.0):
    gain, shift = map_neurons(intervention, strength, n_neurons=5, value=None, statistics=statistics)
    return gain[:, None].astype(np.float64) * x + shift[:, None]


def test_scale_dampens_by_gini_and_leaves_the_others(statistics):
    statistics["auroc"] = float32([1.0, 0.5, 0.75, 0.2, 0.9])
    x = np.ones((5, 1))
    assert move("scale", statistics, x)[:, 0] == pytest.approx([0, 1, 0.5, 1, 0.2], abs=1e-6)
    assert move("scale", statistics, x, 0.5)[:, 0] == pytest.approx([0.5, 1, 0.75, 1, 0.6], abs=1e-6)


@pytest.mark.parametrize("intervention", ["add", "transport_mean"])
def test_adding_the_mean_difference_moves_the_source_s_mean_alone(statistics, intervention):
    moved = move(intervention, statistics, SOURCE)
    np.testing.assert_allclose(moved.mean(axis=1), TARGET.mean(axis=1), atol=1e-5)
    np.testing.assert_allclose(
        moved - SOURCE, (TARGET.mean(axis=1) - SOURCE.mean(axis=1))[:, None] + 0 * moved, atol=1e-5
    )


def test_the_gaussian_map_gives_the_target_s_mean_and_deviation(statistics):
    moved = move("transport_gaussian", statistics, SOURCE)
    np.testing.assert_allclose(moved.mean(axis=1), TARGET.mean(axis=1), atol=1e-5)
    np.testing.assert_allclose(moved.std(axis=1), TARGET.std(axis=1), rtol=1e-5)


def test_the_linear_map_is_the_line_that_comes_closest_to_the_sorted_target(statistics):
    moved = move("transport_linear", statistics, np.sort(SOURCE, axis=1))
    for neuron in range(5):
        x, y = np.sort(SOURCE[neuron]), np.sort(TARGET[neuron])
        np.testing.assert_allclose(moved[neuron], np.polyval(np.polyfit(x, y, 1), x), atol=1e-4)
    distance = ((moved - np.sort(TARGET, axis=1)) ** 2).mean()
    for other in ("add", "transport_gaussian"):
        farther = ((np.sort(move(other, statistics, SOURCE)) - np.sort(TARGET, axis=1)) ** 2).mean()
        assert distance <= farther + 1e-9


def test_a_neuron_constant_at_the_source_is_moved_alone(statistics):
    statistics["source_deviation"][2] = 0
    moved = move("transport_gaussian", statistics, SOURCE)
    expected = SOURCE[2] + statistics["mean"][2] - statistics["source_mean"][2]
    np.testing.assert_allclose(moved[2], expected, atol=1e-5)


@pytest.mark.parametrize("intervention", INTERVENTIONS)
@pytest.mark.parametrize("strength", [0.0, 0.3, 1.0])
def test_strength_goes_that_part_of_the_way(statistics, intervention, strength):
    def go(how_far):
        value = float32(np.arange(5))
        gain, shift = map_neurons(intervention, how_far, n_neurons=5, value=value, statistics=statistics)
        return gain[:, None] * SOURCE + shift[:, None]

    np.testing.assert_allclose(go(strength), (1 - strength) * SOURCE + strength * go(1.0), atol=1e-5)


@pytest.mark.parametrize(
    ("interventions", "needed"),
    [
        (["set", "ablate"], ()),
        (["scale"], ("auroc",)),
        (["add", "transport_mean"], ("mean", "source_mean")),
        (["transport_linear", "scale"], ("auroc", "mean", "source_mean", "slope")),
        (["transport_gaussian"], ("mean", "deviation", "source_mean", "source_deviation")),
    ],
)
def test_what_is_needed_is_known_beforehand(statistics, interventions, needed):
    assert list_statistics(interventions) == needed
    kept = {name: statistics[name] for name in needed}
    for intervention in interventions:
        map_neurons(intervention, 1.0, n_neurons=5, value=np.zeros(5, np.float32), statistics=kept)


def test_a_mask_carries_them_through_its_file(mask, statistics, tmp_path):
    whole = replace(mask, **statistics)
    whole.save(tmp_path / "mask.safetensors")
    loaded = ExpertMask.load(tmp_path / "mask.safetensors")
    for intervention in INTERVENTIONS:
        for edit, same in zip(
            whole.edits(intervention=intervention), loaded.edits(intervention=intervention), strict=True
        ):
            assert (edit.gain == same.gain).all()
            assert (edit.shift == same.shift).all()
    gain = np.concatenate([edit.gain for edit in loaded.edits(intervention="transport_linear")])
    np.testing.assert_allclose(gain, statistics["slope"], rtol=1e-6)


def test_a_mask_without_them_says_what_is_missing(mask):
    for intervention, missing in (
        ("scale", "auroc"),
        ("add", "mean, source_mean"),
        ("transport_linear", "slope"),
    ):
        with pytest.raises(InterventionError, match=f"{missing}, which '{intervention}' needs"):
            mask.edits(intervention=intervention)


@pytest.mark.parametrize(
    ("name", "bad", "complaint"),
    [
        ("auroc", 1.5, "auroc of attn.out block 0 unit 7 is 1.5; .* from 0 to 1"),
        ("deviation", -0.1, "deviation of attn.out block 0 unit 7 is -0.1"),
        ("source_deviation", np.inf, "source_deviation of .* is inf"),
        ("slope", np.nan, "slope of .* is nan; numbers must be finite"),
    ],
)
def test_wrong_numbers_are_refused(mask, statistics, name, bad, complaint):
    statistics[name][1] = bad
    with pytest.raises(MaskError, match=complaint):
        replace(mask, **statistics)
