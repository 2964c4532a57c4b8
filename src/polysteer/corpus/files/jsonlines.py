"""JSONL, line by line: the strings of the columns asked for, and every mistake named by its line."""

import codecs
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from polysteer.corpus.files.textfiles import check_plain
from polysteer.errors import CorpusError

LINE = "line of the file"  # the column of the rows' numbers
N_LINES, N_BYTES = 10_000, 1 << 24  # of a batch, at most
N_SHOWN = 40
_SURROGATE = re.compile("[\ud800-\udfff]")


class _Row(NamedTuple):
    line: int
    n_bytes: int
    found: dict[str, Any]


def list_keys(path: Path, wanted: Iterable[str]) -> list[str]:
    """The keys of the file's objects, of no more of them than it takes to see those that are wanted."""
    missing, keys = set(wanted), dict[str, None]()
    for row in _read_objects(path):
        keys |= dict.fromkeys(row.found)
        missing -= row.found.keys()
        if not missing:
            break
    return list(keys)


class JsonLines:
    """The columns of a file as Arrow batches; `mistake` says what stopped them.

    Who reads them is not Python and hands on no exception, hence `mistake`.
    """

    def __init__(self, path: Path, columns: Mapping[str, bool]) -> None:
        """`columns`: which ones, and whether whole numbers may stand there beside strings."""
        self._path, self._columns = path, columns
        self.mistake: CorpusError | None = None

    def open(self) -> pa.RecordBatchReader:
        """All lines, from the first."""
        fields = [*((name, pa.string()) for name in self._columns), (LINE, pa.int64())]
        schema = pa.schema(fields)
        return pa.RecordBatchReader.from_batches(schema, self._read_batches(schema))

    def _read_batches(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        try:
            for rows in _gather(_read_objects(self._path)):
                columns = [self._read_column(rows, name) for name in self._columns]
                numbers = pa.array([row.line for row in rows], pa.int64())
                yield pa.RecordBatch.from_arrays([*columns, numbers], schema=schema)
        except CorpusError as error:
            self.mistake = error
            raise

    def _read_column(self, rows: list[_Row], name: str) -> pa.Array:
        try:
            return pa.array([row.found.get(name) for row in rows], pa.string())
        except (pa.ArrowTypeError, UnicodeEncodeError):  # one by one, to say which
            return pa.array([self._pick(row.line, row.found.get(name), name) for row in rows], pa.string())

    def _pick(self, line: int, value: object, name: str) -> str | None:
        if value is None or isinstance(value, str):
            if value and _SURROGATE.search(value):
                raise CorpusError(
                    f"{self._path}:{line}: {name!r} has half of a character (a lone surrogate); repair it"
                )
            return value
        if self._columns[name] and isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        kind = "a string or a whole number" if self._columns[name] else "a string"
        shown = json.dumps(value, ensure_ascii=True)
        shown = shown if len(shown) <= N_SHOWN else f"{shown[:N_SHOWN]}..."
        raise CorpusError(f"{self._path}:{line}: {name!r} is {shown}, not {kind}; correct the line")


def _gather(rows: Iterable[_Row]) -> Iterator[list[_Row]]:
    """Batches of many lines, of few where they are long."""
    batch, n_bytes = list[_Row](), 0
    for row in rows:
        batch.append(row)
        n_bytes += row.n_bytes
        if len(batch) >= N_LINES or n_bytes >= N_BYTES:
            yield batch
            batch, n_bytes = [], 0
    if batch:
        yield batch


def _read_objects(path: Path) -> Iterator[_Row]:
    """Every line's number and object; blank lines are passed over."""
    check_plain(path)
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                whole = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
                if not whole.isspace():
                    yield _Row(number, len(line), _parse(path, number, whole))
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror or error}") from error


def _parse(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line.decode().strip())
    except RecursionError as error:
        raise CorpusError(f"{path}:{number}: brackets are nested too deeply; flatten the line") from error
    except ValueError as error:
        reason = str(error).partition(";")[0]
        raise CorpusError(
            f"{path}:{number}: this line is not a JSON object in UTF-8: {reason}; repair it"
        ) from error
    if not isinstance(found, dict):
        raise CorpusError(f"{path}:{number}: this line is not a JSON object; write {{...}} on every line")
    return found
