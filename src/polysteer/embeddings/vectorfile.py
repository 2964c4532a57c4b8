"""Files of vectors, one row per text: .npy, safetensors and Parquet, each written whole or not at all."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from polysteer.artifacts import atomic_path
from polysteer.errors import ConfigError
from polysteer.tensorfile import write_tensors

Rows = npt.NDArray[np.float32]
_Chunks = Iterable[list[str]]


def check_target(target: Path) -> None:
    """Raise unless the name of a file for vectors says in which format to write it."""
    if target.suffix not in _WRITERS:
        raise ConfigError(f"{target} is no name for vectors; end it in one of {', '.join(_WRITERS)}")


def write_vectors(target: Path, rows: Rows, text_chunks: _Chunks, made_with: Mapping[str, str]) -> None:
    """Write `rows`, which may be mapped from a file. Parquet holds the texts too; .npy has no metadata."""
    _WRITERS[target.suffix](target, rows, text_chunks, made_with)


def _write_npy(target: Path, rows: Rows, _text_chunks: _Chunks, _made_with: Mapping[str, str]) -> None:
    with atomic_path(target) as temporary, temporary.open("wb") as file:
        np.save(file, rows)


def _write_safetensors(target: Path, rows: Rows, _text_chunks: _Chunks, made_with: Mapping[str, str]) -> None:
    write_tensors(target, {"vectors": rows}, made_with)


def _write_parquet(target: Path, rows: Rows, text_chunks: _Chunks, made_with: Mapping[str, str]) -> None:
    """A row per text, with the text: what most vector databases take in."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    width, first = rows.shape[1], 0
    columns = [("text", pa.string()), ("vector", pa.list_(pa.float32(), width))]
    schema = pa.schema(columns, metadata=dict(made_with))
    with atomic_path(target) as temporary, pq.ParquetWriter(temporary, schema) as writer:
        for texts in text_chunks:
            part = np.array(rows[first : first + len(texts)])
            vectors = pa.FixedSizeListArray.from_arrays(pa.array(part.reshape(-1)), width)
            writer.write_table(pa.table([pa.array(texts), vectors], schema=schema))
            first += len(texts)


_WRITERS: dict[str, Callable[[Path, Rows, _Chunks, Mapping[str, str]], None]] = {
    ".safetensors": _write_safetensors,
    ".npy": _write_npy,
    ".parquet": _write_parquet,
}
