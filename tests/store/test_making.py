"""How numbers were made, beside them: in the Parquet file and in the database."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from polysteer.errors import ArtifactError
from polysteer.store import Making, build_database, query_database, refresh_database, write_metrics
from polysteer.store.columns import SCHEMA
from polysteer.store.making import read_making

SETTINGS = {"model": {"id": "some/model", "revision": "main"}, "rank": {"k": [0.1, None]}, "targets": ["ja"]}


@pytest.fixture
def making() -> Making:
    return Making(
        settings=SETTINGS,
        corpus="lines, 2 languages, find 10, test 5",
        texts={"find": "aa", "test": "bb"},
        steering="set at strength 1",
        polysteer="0.1.0",
    )


def test_equal_settings_are_equal_bytes_and_come_back(tmp_path, row, making):
    turned = replace(making, settings=dict(reversed(SETTINGS.items())))
    for name, one in (("a", making), ("b", turned)):
        write_metrics(tmp_path / name, [row], making=one)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert read_making(pq.read_schema(tmp_path / "a"), tmp_path / "a") == making


def test_other_settings_are_other_bytes_with_the_same_rows(tmp_path, row, making):
    other = replace(making, settings={**SETTINGS, "targets": []})
    write_metrics(tmp_path / "a", [row], making=making)
    write_metrics(tmp_path / "b", [row], making=other)
    assert (tmp_path / "a").read_bytes() != (tmp_path / "b").read_bytes()
    assert pq.read_table(tmp_path / "a").equals(pq.read_table(tmp_path / "b"))


def test_the_database_has_a_row_per_experiment(tmp_path, row, making):
    write_metrics(tmp_path / "try", [row], making=making)
    write_metrics(tmp_path / "bare", [replace(row, experiment="bare")])
    os.utime(tmp_path / "try", (0, 86_400))
    build_database([tmp_path / "try", tmp_path / "bare"], tmp_path / "m.duckdb")
    bare, known = query_database(
        tmp_path / "m.duckdb", "SELECT * FROM experiments ORDER BY experiment"
    ).records()
    assert json.loads(known.pop("settings")) == SETTINGS
    assert json.loads(known.pop("texts")) == {"find": "aa", "test": "bb"}
    assert known == {
        "experiment": "try",
        "model": "some/model",
        "revision": "main",
        "corpus": "lines, 2 languages, find 10, test 5",
        "steering": "set at strength 1",
        "polysteer": "0.1.0",
        "made": datetime(1970, 1, 2, tzinfo=UTC).replace(tzinfo=None),
    }
    assert (bare["experiment"], bare["model"], bare["settings"]) == ("bare", "builtin", None)


def test_settings_can_be_asked_for_in_sql(tmp_path, row, making):
    write_metrics(tmp_path / "try", [row], making=making)
    build_database([tmp_path / "try"], tmp_path / "m.duckdb")
    found = query_database(tmp_path / "m.duckdb", "SELECT settings->>'$.rank.k[0]' AS k FROM experiments")
    assert found.rows == [("0.1",)]


@pytest.mark.parametrize("text", ["{", "[]", '{"settings": {}}'])
def test_damaged_settings_are_named(tmp_path, text):
    schema = SCHEMA.with_metadata({"polysteer": text})
    with pytest.raises(ArtifactError, match=r"try does not say with which settings .*`steer evaluate` again"):
        read_making(schema, tmp_path / "try")


def test_a_database_of_an_earlier_version_is_built_anew(tmp_path, row, making):
    """It has the same numbers from the same files, and lacks what this version asks for."""
    write_metrics(tmp_path / "try", [row], making=making)
    build_database([tmp_path / "try"], tmp_path / "m.duckdb")
    with duckdb.connect(str(tmp_path / "m.duckdb")) as connection:
        connection.execute("DROP TABLE experiments")
        connection.execute("ALTER TABLE sources DROP COLUMN format")
    assert refresh_database([tmp_path / "try"], tmp_path / "m.duckdb")
    assert not refresh_database([tmp_path / "try"], tmp_path / "m.duckdb")
    assert query_database(tmp_path / "m.duckdb", "SELECT experiment FROM experiments").rows == [("try",)]


def test_files_of_other_settings_stand_in_one_table(tmp_path, row, making):
    write_metrics(tmp_path / "a", [row], making=making)
    write_metrics(tmp_path / "b", [replace(row, experiment="b")], making=replace(making, corpus="other"))
    build_database([tmp_path / "a", tmp_path / "b"], tmp_path / "m.duckdb")
    assert query_database(tmp_path / "m.duckdb", "SELECT count(*) FROM metrics").rows == [(2,)]
    assert pa.schema(pq.read_schema(tmp_path / "a")).equals(pq.read_schema(tmp_path / "b"))
