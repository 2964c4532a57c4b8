"""The DuckDB file: built whole, read only, replaced under a reader, rebuilt when damaged."""

import hashlib
import os
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from polysteer.errors import ArtifactError, QueryError
from polysteer.store import build_database, query_database, refresh_database, write_metrics
from polysteer.store.columns import check_columns


@pytest.fixture
def parquet(tmp_path, row) -> Path:
    path = tmp_path / "try" / "metrics.parquet"
    write_metrics(path, [replace(row, layer=layer) for layer in ("0", "1", "final")])
    return path


@pytest.fixture
def database(tmp_path, parquet) -> Path:
    build_database([parquet], tmp_path / "metrics.duckdb")
    return tmp_path / "metrics.duckdb"


def count(database: Path) -> int:
    return query_database(database, "SELECT count(*) AS n FROM metrics").rows[0][0]


def test_database_holds_every_file(tmp_path, parquet, row):
    other = tmp_path / "other.parquet"
    write_metrics(other, [replace(row, experiment="other")])
    build_database([parquet, other], tmp_path / "m.duckdb")
    found = query_database(
        tmp_path / "m.duckdb", "SELECT experiment, count(*) AS n FROM metrics GROUP BY ALL ORDER BY ALL"
    )
    assert found.records() == [{"experiment": "other", "n": 1}, {"experiment": "try", "n": 3}]
    stored = query_database(tmp_path / "m.duckdb", "SELECT * FROM metrics WHERE experiment = 'try'")
    assert stored.records() == pq.read_table(parquet).to_pylist()


def test_parameters_are_bound(database):
    found = query_database(database, "SELECT layer FROM metrics WHERE layer = $layer", {"layer": "1"})
    assert found.column("layer") == ["1"]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM metrics",
        "COPY metrics TO '{folder}/out.csv'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "ATTACH '{folder}/new.duckdb'",
        "SET enable_external_access = true",
        "CREATE TABLE t AS SELECT 1",
    ],
)
def test_nothing_but_reading_the_database_is_possible(database, sql):
    before = database.read_bytes()
    with pytest.raises(QueryError):
        query_database(database, sql.format(folder=database.parent))
    assert database.read_bytes() == before
    assert not (database.parent / "out.csv").exists()


def test_sql_errors_come_as_duckdb_says_them(database):
    with pytest.raises(QueryError) as caught:
        query_database(database, "SELECT valu FROM metrics")
    with (
        duckdb.connect(str(database), read_only=True) as connection,
        pytest.raises(duckdb.BinderException) as said,
    ):
        connection.execute("SELECT valu FROM metrics")
    assert str(caught.value) == str(said.value)
    assert 'Candidate bindings: "value"' in str(caught.value)


def test_an_empty_question_is_refused(database):
    with pytest.raises(QueryError, match="write a SELECT"):
        query_database(database, "  ")


def test_a_missing_database_says_what_to_do(tmp_path):
    with pytest.raises(ArtifactError, match=r"no .*gone\.duckdb; run `steer store`"):
        query_database(tmp_path / "gone.duckdb", "SELECT 1")


def test_nothing_evaluated_yet(tmp_path):
    with pytest.raises(ArtifactError, match="no experiment has been evaluated yet"):
        build_database([], tmp_path / "m.duckdb")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6, 0.95])
def test_a_truncated_database_is_noticed_and_rebuilt(database, parquet, share):
    os.truncate(database, int(database.stat().st_size * share))
    assert refresh_database([parquet], database)
    assert count(database) == 3


def test_a_database_of_garbage_is_noticed_and_rebuilt(database, parquet):
    database.write_bytes(b"not a database" * 1000)
    with pytest.raises(ArtifactError, match="cannot be read"):
        count(database)
    assert refresh_database([parquet], database)
    assert count(database) == 3


def test_refresh_builds_only_what_is_missing_or_stale(tmp_path, parquet, row):
    database = tmp_path / "m.duckdb"
    assert refresh_database([parquet], database)
    assert not refresh_database([parquet], database)
    write_metrics(parquet, [row])
    assert refresh_database([parquet], database)
    assert count(database) == 1
    database.unlink()
    assert refresh_database([parquet], database)


def test_a_damaged_parquet_file_is_named_and_the_old_database_stays(database, parquet):
    parquet.write_bytes(parquet.read_bytes()[:-20])
    with pytest.raises(ArtifactError, match=r"try/metrics\.parquet is damaged: .*run `steer evaluate`"):
        build_database([parquet], database)
    assert count(database) == 3
    assert sorted(path.name for path in database.parent.iterdir()) == ["metrics.duckdb", "try"]


def test_a_file_with_other_columns_is_refused(database, parquet):
    foreign = pa.table({"experiment": ["x"]})
    pq.write_table(foreign, parquet)
    with pytest.raises(ArtifactError, match=r"has no checksum, .* run `steer evaluate`"):
        build_database([parquet], database)
    with pytest.raises(ArtifactError, match="other columns"):
        check_columns(foreign.schema, parquet)


FILLER = """
    import resource, signal, sys
    from pathlib import Path
    from polysteer.errors import ArtifactError
    from polysteer.store import build_database
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
    try:
        build_database([Path(sys.argv[1])], Path(sys.argv[2]))
    except ArtifactError as error:
        print(error)
"""


@pytest.mark.parametrize("share", [0.001, 0.2, 0.6, 0.9, 0.99])
def test_where_the_disk_is_full_the_old_database_stays_and_nothing_else(database, parquet, row, share):
    """A file may not grow beyond a share of what it needs: at its first bytes, in its rows, at its end."""
    before = database.read_bytes()
    write_metrics(parquet, [replace(row, draw=draw, value=draw / 7) for draw in range(60_000)])
    build_database([parquet], database.with_name("whole"))
    limit = int(database.with_name("whole").stat().st_size * share)
    database.with_name("whole").unlink()
    command = [sys.executable, "-c", textwrap.dedent(FILLER), str(parquet), str(database), str(limit)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{database} cannot be built: ")
    assert "free some space" in done.stdout
    assert database.read_bytes() == before
    assert sorted(path.name for path in database.parent.iterdir()) == ["metrics.duckdb", "try"]


READER = """
    import sys, duckdb
    connection = duckdb.connect(sys.argv[1], read_only=True)
    rows = connection.execute("SELECT layer FROM metrics")
    print(len(rows.fetchmany(1)), flush=True)
    sys.stdin.readline()
    print(len(rows.fetchall()), connection.execute("SELECT count(*) FROM metrics").fetchone()[0], flush=True)
"""


def test_a_reader_goes_on_while_the_database_is_replaced(tmp_path, row):
    """Another process reads, is held in the middle, and finishes on the old file after two rebuilds."""
    parquet, database = tmp_path / "m.parquet", tmp_path / "m.duckdb"
    write_metrics(parquet, [replace(row, draw=draw) for draw in range(50_000)])
    build_database([parquet], database)
    command = [sys.executable, "-c", textwrap.dedent(READER), str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout.readline() == "1\n"
        for value in (0.1, 0.2):
            write_metrics(parquet, [replace(row, value=value)])
            build_database([parquet], database)
        out, _ = reader.communicate("\n")
    assert out == "49999 50000\n"
    assert query_database(database, "SELECT value FROM metrics").rows == [(0.2,)]


BUILDER = """
    import sys
    from pathlib import Path
    from polysteer.store import build_database
    for _ in range(8):
        build_database([Path(sys.argv[1])], Path(sys.argv[2]))
"""


def test_two_builders_and_a_reader_at_once_never_meet_half_a_file(database, parquet):
    command = [sys.executable, "-c", textwrap.dedent(BUILDER), str(parquet), str(database)]
    builders = [subprocess.Popen(command) for _ in range(2)]
    seen = set()
    while any(builder.poll() is None for builder in builders):
        seen.add(count(database))
    assert [builder.returncode for builder in builders] == [0, 0]
    assert seen == {3}
    assert sorted(path.name for path in database.parent.iterdir()) == ["metrics.duckdb", "try"]


WRITER = """
    import shutil, sys
    from pathlib import Path
    folder = Path(sys.argv[1])
    while True:
        for name in ("a", "b"):
            shutil.copy(folder / name, folder / "copy")
            (folder / "copy").replace(folder / "m.parquet")
"""


def test_what_is_stored_is_what_was_hashed_while_the_file_is_replaced(tmp_path, row):
    """Else a database of the old numbers would pass for one of the new."""
    stored = {}
    for name, value in (("a", 0.1), ("b", 0.2)):
        write_metrics(tmp_path / name, [replace(row, value=value, draw=draw) for draw in range(2000)])
        stored[value] = hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
    (tmp_path / "a").rename(tmp_path / "m.parquet")
    (tmp_path / "a").write_bytes((tmp_path / "m.parquet").read_bytes())
    command = [sys.executable, "-c", textwrap.dedent(WRITER), str(tmp_path)]
    with subprocess.Popen(command) as writer:
        try:
            for _ in range(15):
                build_database([tmp_path / "m.parquet"], tmp_path / "m.duckdb")
                sql = "SELECT DISTINCT value, sha256 FROM metrics, sources"
                ((value, sha256),) = query_database(tmp_path / "m.duckdb", sql).rows
                assert sha256 == stored[value]
        finally:
            writer.kill()
