"""DuckDB over one file: how each format is read, and its complaints as errors with file and line."""

import csv
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from polysteer.errors import CorpusError

DELIMITERS = {".csv": ",", ".tsv": "\t"}
SUFFIXES = (*DELIMITERS, ".jsonl", ".parquet")


@contextmanager
def open_scan(path: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
    """A connection, and what stands after FROM to read the file; nothing about the format is guessed."""
    if path.suffix not in SUFFIXES:
        raise CorpusError(f"{path}: the name must end in {', '.join(SUFFIXES)}; rename or convert the file")
    try:
        with duckdb.connect(":memory:", config={"autoinstall_known_extensions": False}) as connection:
            connection.execute("SET enable_progress_bar = false")
            yield connection, _describe_scan(path)
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror or error}") from error
    except duckdb.Error as error:
        raise CorpusError(_explain(path, str(error))) from error


def quote(text: str) -> str:
    """A string as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _describe_scan(path: Path) -> str:
    if path.suffix == ".parquet":
        return f"read_parquet({quote(str(path))})"
    if path.suffix == ".jsonl":
        return f"read_json({quote(str(path))}, format='newline_delimited')"
    columns = ", ".join(f"{quote(name)}: 'VARCHAR'" for name in _read_header(path))
    delimiter = quote(DELIMITERS[path.suffix])
    return (
        f"read_csv({quote(str(path))}, auto_detect=false, header=true, delim={delimiter}, "
        f"quote='\"', escape='\"', columns={{{columns}}})"
    )


def _read_header(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        names = next(csv.reader(file, delimiter=DELIMITERS[path.suffix]), [])
    if not names or len(set(names)) < len(names):
        raise CorpusError(f"{path}:1: the header must name every column once; it is {names}")
    return names


def _explain(path: Path, message: str) -> str:
    """What DuckDB says without its advice about its own options."""
    if path.suffix == ".jsonl":
        line = _find_broken_json(path)
        return f"{path}:{line}: this line is not a JSON object in UTF-8; repair it"
    told = message.partition("\nPossible")[0].splitlines()
    line_number = re.search(r"CSV Error on Line: (\d+)", message)
    where = f"{path}:{line_number[1]}" if line_number else str(path)
    reasons = [line for line in told if line and "Error on Line" not in line and "Original Line" not in line]
    return f"{where}: {' '.join(reasons)}; repair or convert the file"


def _find_broken_json(path: Path) -> int:
    number = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                json.loads(line.decode() or "{}")
            except ValueError:
                return number
    return number
