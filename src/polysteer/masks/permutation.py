"""Numbers moved from neuron to neuron within a site and block: does it matter which one is held at which?"""

from typing import Any

import numpy as np
import numpy.typing as npt

from polysteer.errors import MaskError
from polysteer.masks.interventions import STATISTICS, list_needs
from polysteer.masks.mask import ExpertMask

_STREAM = 1  # apart from the numbers that draw neurons with the same seed


def holds_numbers(mask: ExpertMask) -> bool:
    """Whether what the mask does to a neuron depends on numbers of that neuron: `ablate` needs none."""
    return bool(list_needs(mask.metadata.intervention))


def permute_numbers(mask: ExpertMask, *, seed: int, draw: int) -> ExpertMask:
    """The same neurons, each with what another one of its site and block was held by."""
    arrays = mask.arrays() | _take(mask, _permute_rows(mask, seed=seed, draw=draw))
    metadata = mask.metadata.model_copy(update={"notes": f"numbers permuted, seed {seed}, draw {draw}"})
    return ExpertMask(metadata, **arrays)


def hold_as(neurons: ExpertMask, experts: ExpertMask, *, seed: int, draw: int) -> ExpertMask:
    """The neurons of one mask with a permutation of another one's numbers within each site and block."""
    for name in ("site", "block"):
        if not np.array_equal(getattr(neurons, name), getattr(experts, name)):
            raise MaskError(
                f"{len(neurons)} neurons cannot be held as {len(experts)} others: they differ in how many "
                f"stand in each {name}; draw them with `build_control`"
            )
    arrays = neurons.arrays() | _take(experts, _permute_rows(experts, seed=seed, draw=draw))
    return ExpertMask(neurons.metadata, **arrays)


def _take(mask: ExpertMask, rows: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[Any]]:
    moved = ("value", *STATISTICS)
    return {name: array[rows] for name, array in mask.arrays().items() if name in moved}


def _permute_rows(mask: ExpertMask, *, seed: int, draw: int) -> npt.NDArray[np.int64]:
    rng = np.random.default_rng([seed, draw, _STREAM])
    is_cut = (np.diff(mask.site.astype(np.int64)) != 0) | (np.diff(mask.block) != 0)
    segments = np.split(np.arange(len(mask)), np.flatnonzero(is_cut) + 1)
    return np.concatenate([rng.permutation(segment) for segment in segments])
