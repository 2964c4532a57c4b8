"""What an intervention comes down to: changes of a site's output, in numbers alone."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class NeuronEdit(NamedTuple):
    """For each of `units` of one site and block, y = gain * x + shift.

    Every intervention on neurons is one of these: set (gain 1 - s, shift s * value), ablate, scale,
    add, and the per-neuron transport maps.
    """

    site: str
    block: int
    units: npt.NDArray[np.int64]
    gain: npt.NDArray[np.float32]
    shift: npt.NDArray[np.float32]


class SubspaceEdit(NamedTuple):
    """y = x - strength * ((x - mean) @ left) @ right; left is (width, rank), right (rank, width)."""

    site: str
    block: int
    mean: npt.NDArray[np.float32]
    left: npt.NDArray[np.float32]
    right: npt.NDArray[np.float32]
    strength: float


Edit = NeuronEdit | SubspaceEdit
