"""DuckDB over one file: how each format is read, and its complaints as errors with file and line."""

import csv
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import duckdb

from polysteer.corpus.files.jsonlines import LINE, JsonLines
from polysteer.corpus.files.textfiles import check_plain
from polysteer.errors import CorpusError

DELIMITERS = {".csv": ",", ".tsv": "\t"}
SUFFIXES = (*DELIMITERS, ".jsonl", ".parquet")


class Scan(NamedTuple):
    """A connection, what stands after FROM to read the file, and the SQL of a row's number in it."""

    connection: duckdb.DuckDBPyConnection
    source: str
    row: str


@contextmanager
def open_scan(path: Path, columns: Mapping[str, bool]) -> Iterator[Scan]:
    """The file's columns, as they are: nothing about the format is guessed.

    `columns` are those that are needed, and whether whole numbers may stand there beside strings.
    """
    if path.suffix not in SUFFIXES:
        raise CorpusError(f"{path}: the name must end in {', '.join(SUFFIXES)}; rename or convert the file")
    lines = JsonLines(path, columns)
    try:
        with duckdb.connect(":memory:", config={"autoinstall_known_extensions": False}) as connection:
            connection.execute("SET enable_progress_bar = false")
            if path.suffix == ".jsonl":
                connection.register("rows", lines.open())
                yield Scan(connection, "rows", f'"{LINE}"')
            else:
                n_header_lines = 1 if path.suffix in DELIMITERS else 0
                row = f"row_number() OVER () + {n_header_lines}"
                yield Scan(connection, _describe_scan(path), row)
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror or error}") from error
    except duckdb.Error as error:
        raise lines.mistake or CorpusError(_explain(path, str(error))) from error


def quote(text: str) -> str:
    """A string as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _describe_scan(path: Path) -> str:
    if path.suffix == ".parquet":
        return f"read_parquet({quote(str(path))})"
    columns = ", ".join(f"{quote(name)}: 'VARCHAR'" for name in _read_header(path))
    delimiter = quote(DELIMITERS[path.suffix])
    return (
        f"read_csv({quote(str(path))}, auto_detect=false, header=true, delim={delimiter}, "
        f"quote='\"', escape='\"', columns={{{columns}}})"
    )


def _read_header(path: Path) -> list[str]:
    check_plain(path)
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            names = next(csv.reader(file, delimiter=DELIMITERS[path.suffix]), [])
    except csv.Error as error:
        raise CorpusError(f"{path}:1: the header cannot be read: {error}; write a line of names") from error
    if not names or len(set(names)) < len(names):
        raise CorpusError(f"{path}:1: the header must name every column once; it is {names}")
    return names


def _explain(path: Path, message: str) -> str:
    """What DuckDB says without its advice about its own options."""
    told = message.partition("\nPossible")[0].splitlines()
    line_number = re.search(r"CSV Error on Line: (\d+)", message)
    where = f"{path}:{line_number[1]}" if line_number else str(path)
    reasons = [line for line in told if line and "Error on Line" not in line and "Original Line" not in line]
    return f"{where}: {' '.join(reasons)}; repair or convert the file"
