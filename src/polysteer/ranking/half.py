"""16-bit floats as integers: one order-preserving word per value, and back."""

from typing import Any

import numpy as np
import numpy.typing as npt

from polysteer.errors import NumericError

Half = npt.NDArray[Any]
"""float16 values, or bfloat16 values as their raw bits in uint16 (NumPy has no bfloat16)."""

_SIGN = np.uint16(0x8000)
_EXPONENT = {np.dtype(np.float16): np.uint16(0x7C00), np.dtype(np.uint16): np.uint16(0x7F80)}


def to_keys(values: Half) -> npt.NDArray[np.uint16]:
    """Integers that sort as the values do; the two zeros get the same one."""
    bits = values.view(np.uint16)
    flip = (bits.view(np.int16) >> 15).view(np.uint16) | _SIGN
    keys: npt.NDArray[np.uint16] = bits ^ flip
    keys += keys == _SIGN - 1
    return keys


def from_keys(keys: npt.NDArray[np.uint16], *, dtype: np.dtype[np.generic]) -> npt.NDArray[np.float32]:
    """The values whose keys these are, in float32; `dtype` is that of the array the keys came from."""
    flip = np.where(keys & _SIGN, _SIGN, np.uint16(0xFFFF))
    bits: npt.NDArray[np.uint16] = keys ^ flip
    return to_float32(bits.view(dtype))


def to_float32(values: Half) -> npt.NDArray[np.float32]:
    """The values in float32, exactly."""
    if values.dtype == np.uint16:
        return (values.astype(np.uint32) << 16).view(np.float32)
    return values.astype(np.float32)


def check_half(values: Half, *, first_neuron: int = 0) -> None:
    """Refuse anything but a matrix of finite 16-bit floats; its rows are counted from `first_neuron`."""
    exponent = _EXPONENT.get(values.dtype)
    if exponent is None or values.ndim != 2:
        raise NumericError(
            f"responses are {values.dtype} of {values.ndim} dimensions; give neurons x sentences in float16, "
            "or the raw bits of bfloat16 in uint16"
        )
    bad = (values.view(np.uint16) & exponent) == exponent
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise NumericError(
            f"the response of neuron {first_neuron + row} to sentence {column} is not finite; "
            "collect the responses again"
        )
