"""Named columns of CSV, TSV, JSONL and Parquet files, read by DuckDB, no more of them than is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import pyarrow as pa

from polysteer.corpus.files.jsonlines import list_keys
from polysteer.corpus.files.scans import Scan, open_scan
from polysteer.errors import CorpusError

# What is read, and its column: id, text, lang, split, topic, or text:<code> where each language has one.
Columns = Mapping[str, str]

SPREAD = 16**8
TEXT_TYPES = ("VARCHAR", "ENUM")
_SIZES = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
NAME_TYPES = (*TEXT_TYPES, "UUID", *_SIZES, *(f"U{size}" for size in _SIZES))


@dataclass(frozen=True)
class Sample:
    """A share of all ids, the same ones in every file: those whose hash with the seed is low."""

    seed: int
    share: float


def read_columns(
    path: Path, columns: Columns, *, sample: Sample | None = None, languages: Sequence[str] = ()
) -> pa.Table:
    """The columns as text, under the names of their roles, and `row`, which counts a header line too.

    Without an id column the row is the id. Rows of other languages than those named are left out.
    """
    with open_scan(path, _list_needed(columns)) as scan:
        conditions, values = ["true"], list[object]()
        if sample is not None:
            conditions.append("(id IS NULL OR md5(concat(?, ':', id)) < ?)")
            values += [str(sample.seed), f"{int(sample.share * SPREAD):08x}"]
        if "lang" in columns and languages:
            conditions.append("list_contains(?, lang)")
            values.append(list(languages))
        selected = _select_roles(columns, scan)
        query = f"SELECT * FROM ({selected}) WHERE {' AND '.join(conditions)}"
        rows = scan.connection.sql(query, params=values).to_arrow_table()
    if rows["id"].null_count:
        raise CorpusError(f"{path}:{rows.filter(rows['id'].is_null())['row'][0]}: the row has no id")
    return rows


def check_columns(path: Path, columns: Columns) -> None:
    """Refuse a file that lacks one of the columns, naming the nearest that it has, or holds no text there."""
    wanted = _list_needed(columns)
    types = _list_types(path, wanted)
    for column, may_be_number in wanted.items():
        if column not in types:
            near = get_close_matches(column, types, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(types) or 'none'}"
            raise CorpusError(f"{path}:1: there is no column {column!r}; {hint}")
        kind = types[column].partition("(")[0]
        if kind not in (NAME_TYPES if may_be_number else TEXT_TYPES):
            raise CorpusError(
                f"{path}: the column {column!r} holds {types[column]}, not text"
                + (" or whole numbers" if may_be_number else "")
                + "; convert the column"
            )


def list_values(path: Path, column: str) -> list[str]:
    """The distinct values of a column, sorted."""
    with open_scan(path, {column: False}) as scan:
        query = f"SELECT DISTINCT {_text(column)} AS value FROM {scan.source} WHERE value IS NOT NULL"
        return sorted(value for (value,) in scan.connection.sql(query).fetchall())


def count_ids(path: Path, columns: Columns) -> int:
    """About how many different ids there are; exact where the rows are the ids."""
    id_column = columns.get("id")
    with open_scan(path, {id_column: True} if id_column else {}) as scan:
        counted = f"approx_count_distinct({_text(id_column)})" if id_column else "count(*)"
        [(count,)] = scan.connection.sql(f"SELECT {counted} FROM {scan.source}").fetchall()
        return int(count)


def _list_needed(columns: Columns) -> dict[str, bool]:
    """Every column that is read, and whether whole numbers may stand there: ids, splits and topics."""
    names: dict[str, bool] = {}
    for role, column in columns.items():
        names[column] = names.get(column, True) and role in ("id", "split", "topic")
    return names


def _list_types(path: Path, wanted: Mapping[str, bool]) -> dict[str, str]:
    """The file's columns with their types; in JSONL every line has types of its own."""
    if path.suffix == ".jsonl":
        return dict.fromkeys(list_keys(path, wanted), "VARCHAR")
    with open_scan(path, wanted) as scan:
        empty = scan.connection.sql(f"SELECT * FROM {scan.source} LIMIT 0")
        return {name: str(kind) for name, kind in zip(empty.columns, empty.types, strict=True)}


def _select_roles(columns: Columns, scan: Scan) -> str:
    roles = [f'{_text(column)} AS "{role}"' for role, column in columns.items()]
    query = f"SELECT {', '.join(roles)}, {scan.row} AS row FROM {scan.source}"
    return query if "id" in columns else f"SELECT CAST(row AS VARCHAR) AS id, * FROM ({query})"


def _text(column: str) -> str:
    quoted = column.replace('"', '""')
    return f'CAST("{quoted}" AS VARCHAR)'
