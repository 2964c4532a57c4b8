"""What is kept of a batch's activations: a response per sentence, moments of the tokens, a few samples."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from polysteer.terms import ResponsePool


class Moments(NamedTuple):
    """By unit, over a batch's real tokens."""

    mean: Tensor
    variance: Tensor
    n_above_zero: Tensor


class Reduced(NamedTuple):
    """Of some units of one site and block."""

    pooled: Tensor  # (sentences, units)
    sample: Tensor  # (sampled tokens, units)
    moments: Moments


class Place(NamedTuple):
    """Where recorded units stand: site by its order in the settings, block, number of the first unit."""

    site: int
    block: int
    first_unit: int


class _Cells(NamedTuple):
    """The tokens of a batch, as cells of (sentences, tokens) flattened."""

    real: Tensor | None  # the real cells; None where they are whole columns of the batch
    filled: Tensor | None  # for every cell the cell to look at; None likewise
    share: Tensor  # (sentences, tokens): what a token weighs in its sentence's mean
    sampled: Tensor  # the cells whose values are kept

    @classmethod
    def from_batch(cls, is_real: Tensor, sampled: Tensor, *, has_span: bool) -> "_Cells":
        n_sentences, n_tokens = is_real.shape
        share = is_real.float() / is_real.sum(dim=1, keepdim=True)
        if has_span:
            return cls(None, None, share, sampled.to(is_real.device))
        columns = torch.arange(n_tokens, device=is_real.device).expand_as(is_real)
        first_cells = torch.arange(n_sentences, device=is_real.device).unsqueeze(1) * n_tokens
        first_real = is_real.int().argmax(dim=1, keepdim=True)
        # A real token's copy in a pad's place changes no maximum, and no pad's value is ever looked at.
        filled = first_cells + torch.where(is_real, columns, first_real)
        real = is_real.flatten().nonzero().squeeze(1)
        return cls(real, filled.flatten(), share, sampled.to(is_real.device))

    def to(self, device: torch.device) -> "_Cells":
        real = None if self.real is None else self.real.to(device)
        filled = None if self.filled is None else self.filled.to(device)
        return _Cells(real, filled, self.share.to(device), self.sampled.to(device))


class BatchReducer:
    """Reduces activations of shape (sentences, tokens, units) over the tokens that `is_real` marks.

    Of several poolings each has its own result, with the same samples and moments.

    `span` are the columns of the real tokens where every row has the same, which saves copies. `sampled` are
    cells of the batch, sentence after sentence, pads counted. Means and variances are worked out in fp32, on
    the device where the activations are.
    """

    def __init__(
        self,
        is_real: Tensor,
        sampled: Tensor,
        *,
        pools: Sequence[ResponsePool],
        span: slice | None = None,
    ) -> None:
        cells = _Cells.from_batch(is_real, sampled, has_span=span is not None)
        self._cells = {is_real.device: cells}
        self._home = is_real.device
        self._pools = tuple(pools)
        self._span = span

    def reduce(self, activations: Tensor) -> tuple[Reduced, ...]:
        """Some units of a site and block, by each pooling."""
        cells = self._cells_on(activations.device)
        flat = activations.reshape(-1, activations.shape[-1])
        if cells.real is None or cells.filled is None:
            filled = activations[:, self._span].contiguous()
            tokens = filled.view(-1, activations.shape[-1])
        else:
            filled = flat.index_select(0, cells.filled).view(activations.shape)
            tokens = flat.index_select(0, cells.real)
        sample, moments = flat.index_select(0, cells.sampled), measure_moments(tokens)
        return tuple(
            Reduced(find_maxima(filled) if pool == "max" else self._average(filled, cells), sample, moments)
            for pool in self._pools
        )

    def _average(self, filled: Tensor, cells: _Cells) -> Tensor:
        share = cells.share if self._span is None else cells.share[:, self._span]
        return torch.bmm(share.unsqueeze(1), filled.float()).squeeze(1)

    def _cells_on(self, device: torch.device) -> _Cells:
        if device not in self._cells:
            self._cells[device] = self._cells[self._home].to(device)
        return self._cells[device]


def find_maxima(tokens: Tensor) -> Tensor:
    """The largest value of (sentences, tokens, units) over the tokens.

    Of 16 bits as integers: a CPU compares those several times faster. Positive floats are ordered as their
    bits are, negative ones the other way round, so that where no positive one is the least bits win.
    """
    if tokens.element_size() != 2:
        return tokens.amax(dim=1)
    bits = tokens.view(torch.int16)
    largest = bits.amax(dim=1)
    return torch.where(largest >= 0, largest, bits.amin(dim=1)).view(tokens.dtype)


def measure_moments(tokens: Tensor) -> Moments:
    """Of (tokens, units), by unit; mean and variance in two passes of fp32."""
    # What batch normalisation does first, as one kernel. The running statistics that it asks for make it
    # answer in fp32, and are thrown away.
    unused = torch.zeros(tokens.shape[1], device=tokens.device)
    mean, variance = torch.batch_norm_update_stats(tokens.t()[None, :, :, None], unused, unused, 0.0)
    return Moments(mean, variance, _count_above_zero(tokens))


def _count_above_zero(tokens: Tensor) -> Tensor:
    """By unit; the bits of a float are a positive integer just where the float is above zero."""
    integer, most = (torch.int16, 1 << 14) if tokens.element_size() == 2 else (torch.int32, 1 << 30)
    ones = tokens.view(integer).clamp(0, 1)
    if len(ones) <= most:  # a sum in the same integers is several times faster
        return ones.sum(dim=0, dtype=integer)
    parts = [ones[start : start + most].sum(dim=0, dtype=integer) for start in range(0, len(ones), most)]
    return torch.stack(parts).sum(dim=0)
