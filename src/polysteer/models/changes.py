"""Edits as tensor operations on one module's input or output, as cheap as their size allows."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from polysteer.masks.edits import SubspaceEdit

Floats = npt.NDArray[np.float64]

# Up to this fraction of the columns, writing them alone beats one pass over all (measured on a CPU, bf16 and
# fp32, 160 to 16384 columns: benchmarks/models.py).
_SPARSE = 0.04
_FEW_COLUMNS = 6  # up to here one fill for each beats the indexed writing of all, likewise
_INTEGERS = {torch.bfloat16: torch.int16, torch.float16: torch.int16, torch.float32: torch.int32}


class Columns(NamedTuple):
    """For each of `columns`, y = gain * x + shift."""

    columns: npt.NDArray[np.int64]
    gain: Floats
    shift: Floats


class Change(Protocol):
    """Something that is done to hidden states [..., width] where `held` says so (None: everywhere)."""

    takes_mask: bool  # whether minding `held` costs it nothing

    def apply(self, hidden: Tensor, held: Tensor | None, *, in_place: bool) -> Tensor:
        """The changed hidden states, which are the same tensor if `in_place`."""


def compose_columns(parts: Iterable[Columns]) -> Columns:
    """Several column changes, one after the other, as one."""
    gain_by_column: dict[int, float] = {}
    shift_by_column: dict[int, float] = {}
    for part in parts:
        for column, gain, shift in zip(*(array.tolist() for array in part), strict=True):
            gain_by_column[column] = gain * gain_by_column.get(column, 1.0)
            shift_by_column[column] = gain * shift_by_column.get(column, 0.0) + shift
    columns = np.array(sorted(gain_by_column), dtype=np.int64)
    return Columns(
        columns,
        np.array([gain_by_column[c] for c in columns.tolist()]),
        np.array([shift_by_column[c] for c in columns.tolist()]),
    )


def choose_change(columns: Columns, width: int) -> Change:
    """The cheapest way to change these columns of `width`."""
    is_sparse = len(columns.columns) <= _SPARSE * width
    if not columns.gain.any():
        if len(columns.columns) <= _FEW_COLUMNS:
            return FewConstants(columns)
        return ConstantColumns(columns) if is_sparse else ConstantWidth(columns, width)
    return AffineColumns(columns) if is_sparse else AffineWidth(columns, width)


class ConstantColumns:
    """Few columns, held at a constant: written, never read."""

    takes_mask = False

    def __init__(self, columns: Columns) -> None:
        self._columns = _OnDevice(columns.columns)
        self._shift = _OnDevice(columns.shift)

    def apply(self, hidden: Tensor, held: Tensor | None, *, in_place: bool) -> Tensor:
        """See Change."""
        columns = self._columns.like(hidden, dtype=torch.int64)
        values = self._shift.like(hidden).expand(*hidden.shape[:-1], -1)
        if held is not None:
            values = torch.where(held, values, hidden.index_select(-1, columns))
        return _write_columns(hidden, columns, values, in_place=in_place)


class FewConstants(ConstantColumns):
    """So few columns that a CPU fills them one by one, without a tensor in between."""

    takes_mask = True

    def __init__(self, columns: Columns) -> None:
        super().__init__(columns)
        self._numbers: list[int] = columns.columns.tolist()

    def apply(self, hidden: Tensor, held: Tensor | None, *, in_place: bool) -> Tensor:
        """See Change."""
        if not in_place or hidden.device.type != "cpu":
            return super().apply(hidden, held, in_place=in_place)
        mask = None if held is None else held[..., 0]
        for number, value in zip(self._numbers, self._shift.like(hidden).tolist(), strict=True):
            column = hidden.select(-1, number)
            if mask is None:
                column.fill_(value)
            else:
                column.masked_fill_(mask, value)
        return hidden


class ConstantWidth:
    """Many columns, held at a constant: one pass over all of them, the others as they are to the bit."""

    takes_mask = False

    def __init__(self, columns: Columns, width: int) -> None:
        is_held, shift = np.zeros(width, dtype=np.bool_), np.zeros(width)
        is_held[columns.columns], shift[columns.columns] = True, columns.shift
        self._is_held, self._shift = _OnDevice(is_held), _OnDevice(shift)
        self._kept_bits = _OnDevice(np.where(is_held, 0, -1))

    def apply(self, hidden: Tensor, held: Tensor | None, *, in_place: bool) -> Tensor:
        """See Change."""
        shift, integer = self._shift.like(hidden), _INTEGERS.get(hidden.dtype)
        if in_place and held is None and integer and hidden.device.type == "cpu":
            # Three times as fast as arithmetic, for which a CPU widens 16-bit numbers.
            bits = hidden.view(integer)
            bits.bitwise_and_(self._kept_bits.like(bits)).bitwise_or_(shift.view(integer))
            return hidden
        is_held = self._is_held.like(hidden, dtype=torch.bool)
        chosen = is_held if held is None else held & is_held
        return torch.where(chosen, shift, hidden, out=hidden if in_place else None)


class AffineColumns:
    """Few columns: read, changed and written back."""

    takes_mask = False

    def __init__(self, columns: Columns) -> None:
        self._columns = _OnDevice(columns.columns)
        self._gain, self._shift = _OnDevice(columns.gain), _OnDevice(columns.shift)

    def apply(self, hidden: Tensor, held: Tensor | None, *, in_place: bool) -> Tensor:
        """See Change."""
        columns = self._columns.like(hidden, dtype=torch.int64)
        before = hidden.index_select(-1, columns)
        values = torch.addcmul(self._shift.like(hidden), before, self._gain.like(hidden))
        if held is not None:
            values = torch.where(held, values, before)
        return _write_columns(hidden, columns, values, in_place=in_place)


class AffineWidth:
    """Many columns: one pass over all of them, the untouched ones with gain 1 and shift 0."""

    takes_mask = False

    def __init__(self, columns: Columns, width: int) -> None:
        gain, shift = np.ones(width), np.zeros(width)
        gain[columns.columns], shift[columns.columns] = columns.gain, columns.shift
        self._gain, self._shift = _OnDevice(gain), _OnDevice(shift)

    def apply(self, hidden: Tensor, held: Tensor | None, *, in_place: bool) -> Tensor:
        """See Change."""
        gain, shift = self._gain.like(hidden), self._shift.like(hidden)
        if in_place and held is None:
            return torch.addcmul(shift, hidden, gain, out=hidden)
        changed = torch.addcmul(shift, hidden, gain)
        if held is None:
            return changed
        return torch.where(held, changed, hidden, out=hidden if in_place else None)


class Subspace:
    """A projection taken out of `columns`, worked out in fp32."""

    takes_mask = False

    def __init__(self, edit: SubspaceEdit, columns: slice) -> None:
        self._strength, self._columns = edit.strength, columns
        self._mean, self._left = _OnDevice(edit.mean), _OnDevice(edit.left)
        self._right = _OnDevice(edit.right)

    def apply(self, hidden: Tensor, held: Tensor | None, *, in_place: bool) -> Tensor:
        """See Change."""
        with torch.autocast(hidden.device.type, enabled=False):
            x = hidden[..., self._columns].float()
            mean = self._mean.like(x)
            part = (x - mean) @ self._left.like(x) @ self._right.like(x)
            changed = (x - self._strength * part).to(hidden.dtype)
        if held is not None:
            changed = torch.where(held, changed, hidden[..., self._columns])
        out = hidden if in_place else hidden.clone()
        out[..., self._columns] = changed
        return out


class _OnDevice:
    """An array as a tensor, on the device and in the precision it was last asked for."""

    def __init__(self, array: npt.NDArray[np.generic]) -> None:
        self._array = array
        self._tensor: Tensor | None = None

    def like(self, hidden: Tensor, *, dtype: torch.dtype | None = None) -> Tensor:
        dtype, tensor = dtype or hidden.dtype, self._tensor
        if tensor is None or tensor.dtype != dtype or tensor.device != hidden.device:
            with torch.inference_mode(False):  # else it could not be used outside of inference mode
                self._tensor = tensor = torch.from_numpy(self._array).to(hidden.device, dtype)
        return tensor


def _write_columns(hidden: Tensor, columns: Tensor, values: Tensor, *, in_place: bool) -> Tensor:
    if in_place:
        return hidden.index_copy_(-1, columns, values)
    return hidden.index_copy(-1, columns, values)
