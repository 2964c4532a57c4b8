"""Texts of like length put together: batches that are filled by a token budget and hold little padding."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from polysteer.models.tokens import Tokens, mark_real

_MOST_PADDING = 0.2  # of a batch's cells
_FULL_ENOUGH = 0.25  # of the budget: from here on a batch does not take texts of another length


@dataclass(frozen=True)
class Batch:
    """Some texts side by side; `index` says which texts, in the order of the rows."""

    input_ids: Tensor
    attention_mask: Tensor | None  # None where nothing is padded
    position_ids: Tensor | None  # given where padding is on the left
    real: Tensor  # never padding, and specials only where they are asked for
    ordinary: Tensor  # never padding, never specials
    index: npt.NDArray[np.int64]
    span: slice | None  # the columns of the real tokens, where every row has the same


def plan_batches(n_tokens: npt.NDArray[np.int64], *, token_budget: int) -> list[npt.NDArray[np.int64]]:
    """Which texts go together: the same plan for the same lengths, each text once.

    A batch holds at most `token_budget` cells, or one text that is longer. Texts of one length stand
    alone once there are enough of them; fewer are padded to their longest neighbour.
    """
    order = np.argsort(n_tokens, kind="stable")
    lengths = n_tokens[order].tolist()
    batches, first, filled = [], 0, 0
    for i, length in enumerate(lengths):
        if i > first and not _takes(i - first, filled, lengths[i - 1], length, token_budget):
            batches.append(order[first:i])
            first, filled = i, 0
        filled += length
    if lengths:
        batches.append(order[first:])
    return batches


def _takes(n_rows: int, filled: int, longest: int, length: int, token_budget: int) -> bool:
    """Whether a batch of texts up to `longest` takes one more, at least as long."""
    cells = (n_rows + 1) * length
    if cells > token_budget:
        return False
    if length == longest:
        return True
    padding = 1 - (filled + length) / cells
    return filled < _FULL_ENOUGH * token_budget and padding <= _MOST_PADDING


def make_batch(
    tokens: Tokens,
    index: npt.NDArray[np.int64],
    *,
    device: torch.device | str = "cpu",
    pad_left: bool = False,
) -> Batch:
    """Put the texts `index` side by side, padded to the longest of them."""
    lengths = tokens.n_tokens[index]
    longest = int(lengths.max())
    columns = np.arange(longest)[None, :]
    offset = longest - lengths[:, None] if pad_left else 0
    place = columns - offset  # of each cell within its text
    held = (place >= 0) & (place < lengths[:, None])
    source = np.where(held, tokens.starts[index][:, None] + place, 0)
    ids = np.where(held, tokens.ids[source], tokens.pad_id)
    input_ids = torch.from_numpy(ids)
    mask = None if held.all() else torch.from_numpy(held.astype(np.int64))
    ordinary = _mark(input_ids, mask, tokens.special_ids)
    real = _mark(input_ids, mask, ()) if tokens.include_specials else ordinary
    positions = torch.from_numpy(np.maximum(place, 0)) if pad_left and mask is not None else None
    return Batch(
        input_ids.to(device),
        None if mask is None else mask.to(device),
        None if positions is None else positions.to(device),
        real.to(device),
        ordinary.to(device),
        index,
        find_span(real),
    )


def _mark(input_ids: Tensor, mask: Tensor | None, special_ids: tuple[int, ...]) -> Tensor:
    real = mark_real(input_ids, mask, torch.tensor(special_ids, dtype=torch.int64))
    return torch.ones_like(input_ids, dtype=torch.bool) if real is None else real


def find_span(real: Tensor) -> slice | None:
    """The columns of the real tokens, if they are the same run of columns in every row."""
    first = real[0]
    if not bool((real == first).all()):
        return None
    columns = first.nonzero()[:, 0].tolist()
    if not columns or columns[-1] - columns[0] + 1 != len(columns):
        return None
    return slice(columns[0], columns[-1] + 1)
