"""Files of vectors, one row per text: .npy, safetensors and Parquet, each written whole or not at all."""

import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from polysteer.artifacts import atomic_path
from polysteer.errors import ArtifactError, ConfigError
from polysteer.tensorfile import write_tensors

Rows = npt.NDArray[np.float32]
_Chunks = Iterable[list[str]]


def check_target(target: Path, *, inputs: Iterable[Path]) -> None:
    """Raise unless vectors can be written there, in a format that the name says, over none of the inputs."""
    if target.suffix not in _WRITERS:
        raise ConfigError(f"{target} is no name for vectors; end it in one of {', '.join(_WRITERS)}")
    try:
        if target.is_dir():
            raise ConfigError(f"{target} is a folder; name a file in it")
        for path in inputs:
            if target.exists() and path.exists() and target.samefile(path):
                raise ConfigError(f"{target} is {path}, which is read; write the vectors to another file")
        folder = next(parent for parent in target.absolute().parents if parent.exists())
    except OSError as error:
        raise ConfigError(f"{target} is no name for a file: {error.strerror or error}") from error
    if not folder.is_dir():
        raise ArtifactError(f"cannot write {target}: {folder} is no folder; name another place")
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise ArtifactError(
            f"cannot write {target}: {folder} takes no files ({error.strerror or error}); name another place"
        ) from error


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
