"""Which neurons are experts, and which random ones stand against them, as numbers of a NeuronTable."""

import zlib

import numpy as np
import numpy.typing as npt

from polysteer.errors import ConfigError
from polysteer.masks.neurons import NeuronTable

Neurons = npt.NDArray[np.int64]
"""Numbers of neurons, ascending."""


def count_experts(k: float, n_neurons: int) -> int:
    """How many neurons k means: below 1 a fraction of all, else a count; one at least."""
    if not 0 < k <= n_neurons or (k >= 1 and k != int(k)):
        raise ConfigError(f"k is {k}; give a fraction above 0 and below 1, or a count up to {n_neurons}")
    return int(k) if k >= 1 else max(1, round(k * n_neurons))


def select_own(scores: npt.NDArray[np.float32], k: float) -> Neurons:
    """The k best of one language's scores over the whole model; of equals the first."""
    n_experts = count_experts(k, len(scores))
    bar = np.partition(scores, len(scores) - n_experts)[len(scores) - n_experts]
    above = np.flatnonzero(scores > bar)
    level = np.flatnonzero(scores == bar)[: n_experts - len(above)]
    return np.union1d(above, level)


def draw_control(experts: Neurons, neurons: NeuronTable, *, seed: int, draw: int) -> Neurons:
    """Random neurons, as many as the experts in every site and block.

    They are drawn from the neurons that are no experts. Where a site and block does not have twice as many of
    those, draws would be all alike, and all of its neurons take part. Other experts, another seed or another
    draw give independent neurons.
    """
    rng = np.random.default_rng([seed, draw, zlib.crc32(experts.astype("<i8").tobytes())])
    drawn = []
    for segment in neurons.segments:
        first, last = np.searchsorted(experts, (segment.start, segment.stop))
        everyone = np.arange(segment.start, segment.stop)
        others = np.setdiff1d(everyone, experts[first:last], assume_unique=True)
        pool = others if len(others) >= 2 * (last - first) else everyone
        drawn.append(rng.choice(pool, last - first, replace=False))
    return np.sort(np.concatenate(drawn))
