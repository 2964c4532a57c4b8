"""Values moved between neurons: which ones stay together, and what never moves."""

from dataclasses import replace

import numpy as np
import pytest

from polysteer.errors import MaskError
from polysteer.masks import ExpertMask
from polysteer.masks.permutation import hold_as, holds_numbers, permute_numbers


@pytest.fixture
def wide(metadata):
    """Six neurons in each of two blocks of each of two sites, every number another one."""
    site, block, unit = (axis.ravel() for axis in np.meshgrid([0, 1], [0, 2], np.arange(6), indexing="ij"))
    numbers = np.arange(len(unit), dtype=np.float32)
    metadata = metadata.model_copy(update={"width_by_site": {"attn.out": 12, "mlp.out": 20}})
    return ExpertMask(
        metadata,
        site=site.astype(np.uint8),
        block=block.astype(np.int32),
        unit=unit.astype(np.int32),
        score=numbers / 100,
        value=numbers,
        mean=numbers + 50,
    )


def moved_within(mask, values):
    """By site and block the sorted values."""
    keys = sorted(set(zip(mask.site.tolist(), mask.block.tolist(), strict=True)))
    return {key: sorted(values[(mask.site == key[0]) & (mask.block == key[1])].tolist()) for key in keys}


def test_values_move_within_their_site_and_block_and_nothing_else_moves(wide):
    permuted = permute_numbers(wide, seed=0, draw=0)
    assert moved_within(permuted, permuted.value) == moved_within(wide, wide.value)
    assert (permuted.value != wide.value).sum() > len(wide) / 2
    np.testing.assert_array_equal(permuted.mean - permuted.value, 50)  # a neuron's numbers stay together
    for name in ("site", "block", "unit", "score"):
        np.testing.assert_array_equal(getattr(permuted, name), getattr(wide, name))


def test_draws_and_seeds_are_repeatable_and_differ(wide):
    drawn = {key: permute_numbers(wide, seed=key[0], draw=key[1]).value for key in ((0, 0), (0, 1), (1, 0))}
    np.testing.assert_array_equal(drawn[0, 0], permute_numbers(wide, seed=0, draw=0).value)
    assert len({tuple(values) for values in drawn.values()}) == 3


def test_other_neurons_get_the_experts_values(wide):
    others = replace(wide, unit=wide.unit + 6, value=np.zeros(len(wide), np.float32))
    held = hold_as(others, wide, seed=0, draw=0)
    np.testing.assert_array_equal(held.unit, others.unit)
    assert moved_within(held, held.value) == moved_within(wide, wide.value)


def test_neurons_with_another_spread_are_refused(wide, mask):
    with pytest.raises(MaskError, match=r"5 neurons cannot be held as 24 others: .* in each site"):
        hold_as(mask, wide, seed=0, draw=0)


def test_ablating_depends_on_no_number(wide):
    assert holds_numbers(wide)
    ablating = replace(wide, metadata=wide.metadata.model_copy(update={"intervention": "ablate"}))
    assert not holds_numbers(ablating)
