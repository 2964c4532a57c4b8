"""One shard while it is being made: batches go in, in any order of sentences, and a shard comes out."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from polysteer.errors import NumericError
from polysteer.responses.reduction import Moments, Place, Reduced
from polysteer.responses.shards import LanguageIndex, Shard

Floats = npt.NDArray[np.float64]

_HALVES = {"F16": (torch.float16, np.dtype(np.float16)), "BF16": (torch.bfloat16, np.dtype(np.uint16))}
_EXPONENTS: dict[np.dtype[Any], np.uint16] = {
    np.dtype(np.float16): np.uint16(0x7C00),
    np.dtype(np.uint16): np.uint16(0x7F80),
}


class ShardBuilder:
    """Moments in fp64 and responses in 16 bits, for all neurons and the sentences of one shard."""

    def __init__(self, index: LanguageIndex, number: int) -> None:
        self.sentences = index.sentences_of(number)
        self.pool = index.pool
        self._index = index
        self._torch_half, half = _HALVES[index.dtype]
        self._pooled = np.empty((index.neurons.n_neurons, len(self.sentences)), dtype=half)
        self._samples: list[npt.NDArray[np.generic]] = []
        self._mean, self._squares = np.zeros((2, index.neurons.n_neurons))
        self._n_above_zero = np.zeros(index.neurons.n_neurons, dtype=np.int64)
        self._n_tokens = 0

    def add(self, parts: Mapping[Place, Reduced], sentences: npt.NDArray[np.int64], n_tokens: int) -> None:
        """One batch: what was recorded, in the model's order, its sentences, its number of real tokens."""
        ordered = [parts[place] for place in sorted(parts)]
        pooled = self._join([part.pooled for part in ordered])
        mean, variance, n_above_zero = (
            np.concatenate([getattr(part.moments, name).cpu().numpy() for part in ordered])
            for name in Moments._fields
        )
        if not (np.isfinite(variance).all() and _are_finite(pooled)):
            raise NumericError(self._explain_non_finite(parts, sentences))
        self._pooled[:, sentences - self.sentences.start] = pooled.T
        self._samples.append(self._join([part.sample for part in ordered]).T)
        self._merge_moments(mean.astype(np.float64), variance.astype(np.float64), n_tokens)
        self._n_above_zero += n_above_zero

    def build(self) -> Shard:
        """The shard, once every sentence was added."""
        return Shard(
            n_tokens=self._n_tokens,
            pooled=self._pooled,
            sample=np.concatenate(self._samples, axis=1),
            mean=self._mean,
            squares=self._squares,
            n_above_zero=self._n_above_zero,
        )

    def _join(self, parts: list[Tensor]) -> npt.NDArray[np.generic]:
        """Parts of one batch side by side, as 16-bit floats."""
        device = parts[0].device
        return _to_numpy(torch.cat([part.to(device) for part in parts], dim=1).to(self._torch_half))

    def _merge_moments(self, mean: Floats, variance: Floats, n_tokens: int) -> None:
        """Add a batch to the tokens so far: the mean moves, and the squares move to the common mean."""
        n_before, self._n_tokens = self._n_tokens, self._n_tokens + n_tokens
        difference = mean - self._mean
        self._mean += difference * (n_tokens / self._n_tokens)
        self._squares += n_tokens * variance + difference**2 * (n_before * n_tokens / self._n_tokens)

    def _explain_non_finite(self, parts: Mapping[Place, Reduced], sentences: npt.NDArray[np.int64]) -> str:
        """Name the first neuron on the model's way from its first block to its last."""
        place, finite = next(
            (place, finite)
            for place, part in parts.items()
            if not (finite := _is_finite(part, self._torch_half)).all()
        )
        unit = int(finite.all(dim=0).int().argmin())
        wrong = sentences[~finite[:, unit].cpu().numpy()].tolist()
        site = self._index.neurons.sites[place.site]
        return (
            f"{site} block {place.block} unit {place.first_unit + unit} is not finite, "
            f"or too large for 16 bits, in sentences {', '.join(map(str, wrong))} of "
            f"{self._index.language}; load the model in bfloat16 or float32, or leave this site out"
        )


def _is_finite(part: Reduced, half: torch.dtype) -> Tensor:
    """By sentence and unit; where only the variance is not finite, all sentences share the blame."""
    return torch.isfinite(part.pooled.to(half)) & torch.isfinite(part.moments.variance)


def _are_finite(half: npt.NDArray[np.generic]) -> bool:
    exponent = _EXPONENTS[half.dtype]
    return bool((half.view(np.uint16) & exponent).max() < exponent)


def _to_numpy(half: Tensor) -> npt.NDArray[np.generic]:
    if half.dtype == torch.bfloat16:
        return half.cpu().view(torch.int16).numpy().view(np.uint16)
    return half.cpu().numpy()
