"""Named columns of CSV, TSV, JSONL and Parquet files, read by DuckDB, no more of them than is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

import pyarrow as pa

from polysteer.corpus.sources.scans import DELIMITERS, open_scan
from polysteer.errors import CorpusError

SPREAD = 16**8


@dataclass(frozen=True)
class Columns:
    """Which column holds what; absent ones are not read. `texts` is for one column per language."""

    id: str | None = None
    text: str | None = None
    lang: str | None = None
    split: str | None = None
    topic: str | None = None
    texts: dict[str, str] = field(default_factory=dict)

    def by_role(self) -> dict[str, str]:
        """What is read, under the name it gets: id, text, lang, split, topic or text:<code>."""
        named = {
            "id": self.id,
            "text": self.text,
            "lang": self.lang,
            "split": self.split,
            "topic": self.topic,
        }
        wide = {f"text:{code}": column for code, column in self.texts.items()}
        return {role: column for role, column in (named | wide).items() if column is not None}


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
    with open_scan(path) as (connection, scan):
        conditions, values = ["true"], list[object]()
        if sample is not None:
            conditions.append("(id IS NULL OR md5(concat(?, ':', id)) < ?)")
            values += [str(sample.seed), f"{int(sample.share * SPREAD):08x}"]
        if columns.lang and languages:
            conditions.append("list_contains(?, lang)")
            values.append(list(languages))
        n_header_lines = 1 if path.suffix in DELIMITERS else 0
        selected = _select_roles(columns, scan, n_header_lines)
        query = f"SELECT * FROM ({selected}) WHERE {' AND '.join(conditions)}"
        rows = connection.sql(query, params=values).to_arrow_table()
    if rows["id"].null_count:
        raise CorpusError(f"{path}:{rows.filter(rows['id'].is_null())['row'][0]}: the row has no id")
    return rows


def check_columns(path: Path, columns: Columns) -> None:
    """Refuse a file that lacks one of the columns, naming the nearest that it has."""
    with open_scan(path) as (connection, scan):
        present: list[str] = connection.sql(f"SELECT * FROM {scan} LIMIT 0").columns
    for column in columns.by_role().values():
        if column not in present:
            near = get_close_matches(column, present, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(present)}"
            raise CorpusError(f"{path}:1: there is no column {column!r}; {hint}")


def list_values(path: Path, column: str) -> list[str]:
    """The distinct values of a column, sorted."""
    with open_scan(path) as (connection, scan):
        query = f"SELECT DISTINCT {_text(column)} AS value FROM {scan} WHERE value IS NOT NULL"
        return sorted(value for (value,) in connection.sql(query).fetchall())


def count_ids(path: Path, columns: Columns) -> int:
    """About how many different ids there are; exact where the rows are the ids."""
    with open_scan(path) as (connection, scan):
        counted = f"approx_count_distinct({_text(columns.id)})" if columns.id else "count(*)"
        [(count,)] = connection.sql(f"SELECT {counted} FROM {scan}").fetchall()
        return int(count)


def _select_roles(columns: Columns, scan: str, n_header_lines: int) -> str:
    roles = [f'{_text(column)} AS "{role}"' for role, column in columns.by_role().items()]
    query = f"SELECT {', '.join(roles)}, row_number() OVER () + {n_header_lines} AS row FROM {scan}"
    return query if columns.id else f"SELECT CAST(row AS VARCHAR) AS id, * FROM ({query})"


def _text(column: str) -> str:
    quoted = column.replace('"', '""')
    return f'CAST("{quoted}" AS VARCHAR)'
