"""The DuckDB file: built beside the old one from Parquet, renamed over it, and only ever read after that."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from polysteer.artifacts import atomic_path
from polysteer.errors import ArtifactError, DamageError, QueryError
from polysteer.store.rows import REMEDY, check_columns, check_content
from polysteer.store.views import VIEWS

READ_ONLY: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "lock_configuration": "true",
}
NO_ROWS = "this asks for no rows; write a SELECT"
DAMAGE = (duckdb.IOException, duckdb.SerializationException, duckdb.InternalException, duckdb.FatalException)


@dataclass(frozen=True)
class QueryResult:
    """The names of the columns, and the rows in order."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def records(self) -> list[dict[str, Any]]:
        """Each row as a dict."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def column(self, name: str) -> list[Any]:
        """The values of one column."""
        position = self.columns.index(name)
        return [row[position] for row in self.rows]


class _Source(NamedTuple):
    """One file of metrics, read once."""

    file: str
    sha256: str
    rows: pa.Table


def build_database(parquet_files: Sequence[Path], path: Path) -> None:
    """Make the database of all these files; whoever reads the old one meanwhile goes on reading it whole."""
    if not parquet_files:
        raise ArtifactError(f"{path} cannot be built: no experiment has been evaluated yet; run `steer run`")
    sources = [_read_source(file) for file in parquet_files]
    with atomic_path(path) as temporary:
        try:
            _fill(temporary, sources)
            _check_filled(temporary, sources)
        except duckdb.Error as error:
            raise ArtifactError(
                f"{path} cannot be built: {error}; free some space or make the folder writable, then run "
                "`steer store`: the old database is kept"
            ) from error
        finally:
            temporary.with_name(f"{temporary.name}.wal").unlink(missing_ok=True)


def refresh_database(parquet_files: Sequence[Path], path: Path) -> bool:
    """Build the database unless it is whole and made from just these files; says whether it was built."""
    if _read_sources(path) == _hash_files(parquet_files):
        return False
    build_database(parquet_files, path)
    return True


def query_database(
    path: Path, sql: str, parameters: Mapping[str, object] | Sequence[object] = ()
) -> QueryResult:
    """The answer to one SELECT. The database is opened for reading, and no other file can be reached."""
    with _ask(path) as connection:
        cursor = connection.execute(sql, parameters or None)
        if cursor is None or cursor.description is None:
            raise QueryError(NO_ROWS)
        return QueryResult(tuple(column[0] for column in cursor.description), cursor.fetchall())


def export_answer(path: Path, sql: str, sink: BinaryIO) -> None:
    """The answer to one SELECT as a Parquet file, its columns typed as DuckDB has them."""
    with _ask(path) as connection:
        relation = connection.sql(sql)
        if relation is None:
            raise QueryError(NO_ROWS)
        answer: pa.Table = relation.to_arrow_table()
    try:
        pq.write_table(answer, sink, compression="zstd")
    except pa.ArrowException as error:
        raise QueryError(
            f"Parquet cannot hold this answer ({error}); cast the column in the SELECT"
        ) from error


@contextmanager
def _ask(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The database open for reading; what DuckDB says of a question is passed on as it is."""
    with _open(path) as connection:
        try:
            yield connection
        except DAMAGE as error:
            raise _damaged(path, error) from error
        except duckdb.Error as error:
            raise QueryError(str(error)) from error


def _open(path: Path) -> duckdb.DuckDBPyConnection:
    if not path.exists():
        raise ArtifactError(
            f"there is no {path}; run `steer store`, which builds it from the experiments' metrics"
        )
    try:
        return duckdb.connect(str(path), read_only=True, config=READ_ONLY)
    except duckdb.Error as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: duckdb.Error) -> ArtifactError:
    return ArtifactError(f"{path} cannot be read ({error}); run `steer store`, which builds it anew")


def _read_source(file: Path) -> _Source:
    """Content and hash of one reading: a step that replaces the file meanwhile cannot come between them."""
    try:
        data = file.read_bytes()
        check_content(data, file)
        reader = pq.ParquetFile(pa.BufferReader(data))
        check_columns(reader.schema_arrow, file)
        return _Source(str(file), hashlib.sha256(data).hexdigest(), reader.read())
    except (OSError, pa.ArrowException) as error:
        raise DamageError(file, f"cannot be read ({error})", REMEDY) from error


def _fill(path: Path, sources: Sequence[_Source]) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.register("rows", pa.concat_tables(source.rows for source in sources))
        connection.execute("CREATE TABLE metrics AS SELECT * FROM rows")
        connection.unregister("rows")
        connection.execute("CREATE TABLE sources (file VARCHAR, sha256 VARCHAR)")
        named = sorted((source.file, source.sha256) for source in sources)
        connection.executemany("INSERT INTO sources VALUES (?, ?)", named)
        for name, select in VIEWS.items():
            connection.execute(f"CREATE VIEW {name} AS {select}")
        connection.execute("CHECKPOINT")  # closing does the same, and says nothing of a full disk


def _check_filled(path: Path, sources: Sequence[_Source]) -> None:
    """Read what was built to its end, as whoever asks will."""
    with duckdb.connect(str(path), read_only=True) as connection:
        found = connection.execute("SELECT count(*), bit_xor(hash(metrics)) FROM metrics").fetchone()
    n_rows = sum(source.rows.num_rows for source in sources)
    if found is None or found[0] != n_rows:
        raise duckdb.IOException(f"of {n_rows} rows {found and found[0]} were written")


def _hash_files(parquet_files: Sequence[Path]) -> dict[str, str]:
    """Each file's hash; one that cannot be read is named when the database is built."""
    try:
        return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in parquet_files}
    except OSError:
        return {}


def _read_sources(path: Path) -> dict[str, str] | None:
    """What a database was made from, or None where there is none that can be read to its end."""
    try:
        query_database(path, "SELECT bit_xor(hash(metrics)) FROM metrics")
        sources = query_database(path, "SELECT file, sha256 FROM sources")
    except (ArtifactError, QueryError):
        return None
    return dict(sources.rows)
