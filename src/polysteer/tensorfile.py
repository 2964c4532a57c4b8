"""safetensors files: the same bytes for the same content, checked against a checksum, memory-mapped."""

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.artifacts import atomic_path
from polysteer.checksums import KEY, UNSEALED, check_seal, seal
from polysteer.errors import ArtifactError, DamageError

Array = npt.NDArray[Any]

_DTYPES: dict[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "U8": np.dtype("u1"),
    "U16": np.dtype("<u2"),
    "U32": np.dtype("<u4"),
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items() if name != "BF16"}
_MAX_HEADER_BYTES = 100_000_000
_ALIGNMENT = 8


class TensorEntry(NamedTuple):
    """Where a tensor stands in its file, in bytes from the end of the header, and what it is."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


@dataclass(frozen=True)
class TensorFile:
    """An opened file: its metadata and where its tensors are; they are read when asked for."""

    path: Path
    metadata: Mapping[str, str]
    entries: Mapping[str, TensorEntry]
    data_start: int
    is_sealed: bool  # whether its checksum is in it

    def read(self, name: str) -> Array:
        """A tensor as a read-only map of the file; bfloat16 comes as its raw bits in uint16."""
        entry = self.entries.get(name)
        if entry is None:
            known = ", ".join(sorted(self.entries))
            raise ArtifactError(f"{self.path} holds no tensor {name!r}; it holds {known}")
        dtype = _DTYPES[entry.dtype]
        if entry.start == entry.stop:
            return np.empty(entry.shape, dtype)
        try:
            return np.memmap(
                self.path, dtype=dtype, mode="r", offset=self.data_start + entry.start, shape=entry.shape
            )
        except (OSError, ValueError) as error:
            raise ArtifactError(f"{self.path} cannot be read: {error}; make it again") from error


def write_tensors(
    path: Path,
    tensors: Mapping[str, Array],
    metadata: Mapping[str, str],
    *,
    bfloat16: Collection[str] = (),
) -> None:
    """Write whole or not at all, with a checksum; the uint16 tensors in `bfloat16` are raw bits of that type.

    The safetensors library orders metadata at random, so equal masks would differ in their checksums.
    """
    names = sorted(tensors, key=lambda name: (-tensors[name].dtype.itemsize, name))
    header: dict[str, Any] = {"__metadata__": {KEY: UNSEALED, **dict(sorted(metadata.items()))}}
    stop = 0
    for name in names:
        array = tensors[name]
        start, stop = stop, stop + array.nbytes
        dtype = "BF16" if name in bfloat16 else _NAMES[array.dtype]
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [start, stop]}
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    with atomic_path(path) as temporary:
        with temporary.open("wb") as file:
            file.write(len(text).to_bytes(8, "little"))
            file.write(text)
            for name in names:
                file.write(np.ascontiguousarray(tensors[name]).data)
        seal(temporary, 8 + text.index(UNSEALED.encode()))


def open_artifact(path: Path, *, remedy: str) -> TensorFile:
    """A file of ours, which has a checksum; `remedy` says what to do about one that is missing or damaged."""
    file = open_tensors(path, remedy=remedy)
    if not file.is_sealed:
        raise ArtifactError(
            f"{path} has no checksum, as earlier versions wrote it or damage left it; {remedy}"
        )
    return file


def open_tensors(path: Path, *, remedy: str = "make or fetch it again") -> TensorFile:
    """Check a file's header, and all of it against its checksum: other people's files may have none."""
    try:
        header, metadata, start = _read_header(path)
        entries = {name: _parse_entry(name, entry) for name, entry in header.items()}
        _check_extent(entries, path.stat().st_size - start.data)
        recorded = metadata.pop(KEY, None)
        if recorded is not None:
            check_seal(path, recorded, start.checksum, remedy=remedy)
    except FileNotFoundError as error:
        raise ArtifactError(f"{path} is not there; {remedy}") from error
    except OSError as error:
        raise DamageError(path, f"cannot be read: {error.strerror or error}", remedy) from error
    except _BrokenError as error:
        raise DamageError(path, f"is not a whole safetensors file: {error}", remedy) from error
    return TensorFile(path, metadata, entries, start.data, recorded is not None)


class _BrokenError(ValueError):
    """What is wrong with a header."""


class _Start(NamedTuple):
    """At which byte the tensors begin, and the digits of the checksum, where there is one."""

    data: int
    checksum: int


def _read_header(path: Path) -> tuple[dict[str, object], dict[str, str], _Start]:
    n_bytes = path.stat().st_size
    with path.open("rb") as file:
        n_header = int.from_bytes(file.read(8), "little")
        if n_bytes < 8 or n_header > min(n_bytes - 8, _MAX_HEADER_BYTES):
            raise _BrokenError(f"its header claims {n_header} bytes, the file has {n_bytes}")
        text = file.read(n_header)
    try:
        header = json.loads(text.decode())
    except (ValueError, RecursionError) as error:
        raise _BrokenError("its header is not JSON") from error
    if not isinstance(header, dict):
        raise _BrokenError("its header is not a JSON object")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise _BrokenError("its metadata are not strings by name")
    return header, metadata, _Start(8 + n_header, 8 + text.find(metadata.get(KEY, "").encode()))


def _parse_entry(name: str, entry: object) -> TensorEntry:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise _BrokenError(f"the entry of tensor {name!r} lacks dtype, shape or data_offsets")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in _DTYPES:
        raise _BrokenError(f"tensor {name!r} has the dtype {dtype!r}; known are {', '.join(_DTYPES)}")
    if not _are_sizes(shape) or not _are_sizes(offsets) or len(offsets) != 2 or len(shape) > 8:
        raise _BrokenError(f"tensor {name!r} has an impossible shape or place: {shape!r}, {offsets!r}")
    if offsets[1] - offsets[0] != math.prod(shape) * _DTYPES[dtype].itemsize:
        raise _BrokenError(f"tensor {name!r}, {dtype} of shape {shape}, does not fill bytes {offsets}")
    return TensorEntry(dtype, tuple(shape), offsets[0], offsets[1])


def _are_sizes(numbers: object) -> bool:
    return isinstance(numbers, list) and all(type(number) is int and number >= 0 for number in numbers)


def _check_extent(entries: Mapping[str, TensorEntry], n_bytes: int) -> None:
    """Tensors stand one after the other and end where the file does."""
    stop = 0
    for entry in sorted(entries.values(), key=lambda entry: (entry.start, entry.stop)):
        if entry.start != stop:
            raise _BrokenError(f"its tensors overlap or leave a hole at byte {stop}")
        stop = entry.stop
    if stop != n_bytes:
        raise _BrokenError(f"its tensors need {stop} bytes, {n_bytes} are there")
