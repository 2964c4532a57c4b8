"""The DuckDB file: built beside the old one from Parquet, renamed over it, and only ever read after that."""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from polysteer.artifacts import atomic_path
from polysteer.errors import ArtifactError, DamageError, QueryError
from polysteer.store.columns import REMEDY, check_columns
from polysteer.store.files import check_content, read_choices
from polysteer.store.making import Making, read_making, write_canonically
from polysteer.store.views import VIEWS

Answer = TypeVar("Answer")

READ_ONLY: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "lock_configuration": "true",
}
EXPERIMENTS = """
    CREATE TABLE experiments (experiment VARCHAR, model VARCHAR, revision VARCHAR, corpus VARCHAR,
        texts VARCHAR, steering VARCHAR, settings VARCHAR, polysteer VARCHAR, made TIMESTAMP)"""
FORMAT = 3  # of the tables and views: a database of another one is built anew
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
    choices: pa.Table
    making: Making | None
    made: datetime


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
        return _work_beside(connection, lambda: _fetch(connection.execute(sql, parameters or None)))


def export_answer(path: Path, sql: str, sink: BinaryIO) -> None:
    """The answer to one SELECT as a Parquet file, its columns typed as DuckDB has them."""
    with _ask(path) as connection:
        answer = _work_beside(connection, lambda: _fetch_table(connection.sql(sql)))
    try:
        pq.write_table(answer, sink, compression="zstd")
    except pa.ArrowException as error:
        raise QueryError(
            f"Parquet cannot hold this answer ({error}); cast the column in the SELECT"
        ) from error


def _fetch(cursor: duckdb.DuckDBPyConnection | None) -> QueryResult:
    if cursor is None or cursor.description is None:
        raise QueryError(NO_ROWS)
    return QueryResult(tuple(column[0] for column in cursor.description), cursor.fetchall())


def _fetch_table(relation: duckdb.DuckDBPyRelation | None) -> pa.Table:
    if relation is None:
        raise QueryError(NO_ROWS)
    return relation.to_arrow_table()


def _work_beside(connection: duckdb.DuckDBPyConnection, work: Callable[[], Answer]) -> Answer:
    """DuckDB itself looks for Ctrl-C only now and then, some queries long; so it is told."""
    with ThreadPoolExecutor(max_workers=1) as beside:
        answer = beside.submit(work)
        try:
            return answer.result()
        except KeyboardInterrupt:
            connection.interrupt()
            raise


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
        with file.open("rb") as opened:
            data, seconds = opened.read(), os.fstat(opened.fileno()).st_mtime
        check_content(data, file)
        reader = pq.ParquetFile(pa.BufferReader(data))
        check_columns(reader.schema_arrow, file)
        choices, making = read_choices(reader.schema_arrow, file), read_making(reader.schema_arrow, file)
        made = datetime.fromtimestamp(int(seconds), UTC).replace(tzinfo=None)
        return _Source(str(file), hashlib.sha256(data).hexdigest(), reader.read(), choices, making, made)
    except (OSError, pa.ArrowException) as error:
        raise DamageError(file, f"cannot be read ({error})", REMEDY) from error


def _fill(path: Path, sources: Sequence[_Source]) -> None:
    with duckdb.connect(str(path)) as connection:
        for table, parts in (
            ("metrics", [source.rows for source in sources]),
            ("choices", [source.choices for source in sources]),
        ):
            connection.register("parts", pa.concat_tables(parts))
            connection.execute(f"CREATE TABLE {table} AS SELECT * FROM parts")
            connection.unregister("parts")
        connection.execute("CREATE TABLE sources (file VARCHAR, sha256 VARCHAR, format INTEGER)")
        named = sorted((source.file, source.sha256, FORMAT) for source in sources)
        connection.executemany("INSERT INTO sources VALUES (?, ?, ?)", named)
        connection.execute(EXPERIMENTS)
        rows = [row for source in sources for row in _list_experiments(source)]
        connection.executemany("INSERT INTO experiments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
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


def _list_experiments(source: _Source) -> Iterator[tuple[Any, ...]]:
    """The rows of the table of experiments: one a file, as `steer evaluate` writes them."""
    making, known = source.making, tuple[Any, ...]()
    for experiment in source.rows["experiment"].unique().to_pylist():
        if making is None:
            own = source.rows.filter(pc.field("experiment") == experiment)
            known = (own["model"][0].as_py(), *(None,) * 6)
        else:
            model = making.settings["model"]
            text = (making.corpus, write_canonically(making.texts))
            settings = (making.steering, write_canonically(making.settings))
            known = (model["id"], model["revision"], *text, *settings, making.polysteer)
        yield (experiment, *known, source.made)


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
        sources = query_database(path, f"SELECT file, sha256 FROM sources WHERE format = {FORMAT}")
    except (ArtifactError, QueryError):
        return None
    return dict(sources.rows)
