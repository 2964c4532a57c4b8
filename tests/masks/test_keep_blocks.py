"""Keeping only some blocks of a mask."""

import numpy as np
import pytest

from polysteer.errors import MaskError
from polysteer.masks.mask import ExpertMask
from polysteer.masks.metadata import MaskMetadata
from polysteer.masks.sets import keep_blocks


def make_mask() -> ExpertMask:
    metadata = MaskMetadata(
        language="ja",
        sites=["mlp.out"],
        experts="own",
        intervention="set",
        n_blocks=3,
        width_by_site={"mlp.out": 8},
    )
    block = np.array([0, 0, 1, 2], np.int32)
    unit = np.array([1, 5, 2, 7], np.int32)
    value = np.array([0.1, 0.2, 0.3, 0.4], np.float32)
    return ExpertMask(metadata, np.zeros(4, np.uint8), block, unit, value=value)


@pytest.mark.parametrize(("blocks", "units"), [((-1,), [7]), ((0,), [1, 5]), ((2, 0), [1, 5, 7])])
def test_only_these_blocks_stay_with_their_values(blocks: tuple[int, ...], units: list[int]) -> None:
    mask = make_mask()
    kept = keep_blocks(mask, blocks)
    assert kept.unit.tolist() == units
    by_unit = dict(zip(mask.unit.tolist(), mask.value.tolist(), strict=True))
    assert kept.value.tolist() == [by_unit[unit] for unit in units]


@pytest.mark.parametrize("block", [3, -4])
def test_a_block_that_is_not_there_is_refused(block: int) -> None:
    with pytest.raises(MaskError, match="0 to 2"):
        keep_blocks(make_mask(), [block])


def test_a_mask_without_neurons_left_is_refused() -> None:
    only_first = keep_blocks(make_mask(), [0])
    with pytest.raises(MaskError, match="k per block"):
        keep_blocks(only_first, [1])
