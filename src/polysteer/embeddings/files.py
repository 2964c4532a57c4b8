"""Vectors of a text file of any length: encoded a chunk at a time, kept when stopped, whole or absent.

Work stands in `<target>.partial/` until it is finished: the rows as they come, and which chunks of texts
they were made from. The same command goes on there, and ends in the same bytes.
"""

import json
import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from polysteer.artifacts import atomic_path, fingerprint
from polysteer.embeddings.encoder import SteeredEncoder
from polysteer.embeddings.textfile import TextFile
from polysteer.embeddings.vectorfile import Rows, check_target, write_vectors
from polysteer.errors import ArtifactError, InterventionError, ModelError, NumericError
from polysteer.models.tokens import Cuts
from polysteer.progress import Progress, stay_silent

CHUNK_TEXTS = 2048

_logger = logging.getLogger(__name__)

_SCHEMA_VERSION = 2


def encode_file(
    encoder: SteeredEncoder,
    source: TextFile,
    target: Path,
    *,
    made_with: Mapping[str, str],
    normalize: bool = False,
    chunk_texts: int = CHUNK_TEXTS,
    progress: Progress = stay_silent,
) -> int:
    """Write a vector for every line of `source`, and say how many.

    `made_with` names what decides the vectors beside the texts: model, mask, layer and so on. Chunks that
    a stopped run left are kept where both agree. A safetensors or Parquet file holds it as metadata. Where
    blank lines are allowed, one without a vector has zeros; how many that are is said.
    """
    check_target(target, inputs=[source.path])
    n_texts, cuts = source.count(), Cuts()
    work = _Work(target, [_SCHEMA_VERSION, dict(made_with), normalize, chunk_texts], n_texts)
    with _explain_write_errors(target):
        for number, texts in enumerate(source.read_chunks(chunk_texts)):
            if not work.has_chunk(number, texts):
                with _say_where(source, number * chunk_texts):
                    vectors = encoder.encode(
                        texts, normalize_embeddings=normalize, allow_blank=source.allow_blank, cuts=cuts
                    )
                work.write_chunk(number, number * chunk_texts, texts, np.asarray(vectors))
            progress("texts", min((number + 1) * chunk_texts, n_texts), n_texts)
        rows, firsts = work.open_rows(), range(0, n_texts, chunk_texts)
        n_blank = sum(int((~rows[first : first + chunk_texts].any(1)).sum()) for first in firsts)
        write_vectors(target, rows, source.read_chunks(chunk_texts), made_with)
        work.remove()
    cuts.tell(f"texts of {source.name}")
    if n_blank:
        _logger.warning("%d of %d lines have no text, and zeros for a vector", n_blank, n_texts)
    return n_texts


class _Work:
    """The folder of an unfinished file: `rows.npy`, and `chunks.json`: a fingerprint per finished chunk."""

    def __init__(self, target: Path, settings: list[object], n_texts: int) -> None:
        self._folder = target.with_name(f"{target.name}.partial")
        self._settings, self._n_texts = settings, n_texts
        self._chunks: dict[str, str] = self._read_chunks()

    def has_chunk(self, number: int, texts: list[str]) -> bool:
        """Whether its rows are there, made from the same texts in the same way."""
        return self._chunks.get(str(number)) == self._stamp(texts)

    def write_chunk(self, number: int, first_row: int, texts: list[str], vectors: Rows) -> None:
        """First the rows, then the word that they are there."""
        self._folder.mkdir(parents=True, exist_ok=True)
        rows, width = self._folder / "rows.npy", vectors.shape[1]
        with rows.open("r+b" if rows.exists() else "w+b") as file:
            header = {"descr": "<f4", "fortran_order": False, "shape": (self._n_texts, width)}
            np.lib.format.write_array_header_1_0(file, header)
            file.seek(first_row * width * 4, os.SEEK_CUR)
            file.write(np.ascontiguousarray(vectors, dtype="<f4").data)
            file.flush()
            os.fsync(file.fileno())
        self._chunks[str(number)] = self._stamp(texts)
        with atomic_path(self._folder / "chunks.json") as temporary:
            temporary.write_text(json.dumps(self._chunks))

    def open_rows(self) -> Rows:
        """All rows, mapped from the file."""
        rows: Rows = np.load(self._folder / "rows.npy", mmap_mode="r")
        return rows

    def remove(self) -> None:
        """Once they stand in their own file."""
        shutil.rmtree(self._folder)

    def _stamp(self, texts: list[str]) -> str:
        return fingerprint(self._settings, self._n_texts, texts)

    def _read_chunks(self) -> dict[str, str]:
        try:
            chunks = json.loads((self._folder / "chunks.json").read_text())
        except (OSError, ValueError):
            return {}
        return chunks if isinstance(chunks, dict) and (self._folder / "rows.npy").exists() else {}


@contextmanager
def _say_where(source: TextFile, first: int) -> Iterator[None]:
    """Texts are numbered from 0 within what is encoded at a time."""
    try:
        yield
    except InterventionError:  # whatever the text
        raise
    except (ModelError, NumericError) as error:
        raise type(error)(f"{source.name}, texts counted from line {first + 1}: {error}") from error


@contextmanager
def _explain_write_errors(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ArtifactError(
            f"cannot write {target}: {error.strerror or error}; make the folder writable or free some space, "
            "then run the same command again: finished work is kept"
        ) from error
