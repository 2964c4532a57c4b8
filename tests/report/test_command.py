"""`steer report` and `steer query` as a user runs them, on the hand-made numbers."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from polysteer.errors import ArtifactError, ConfigError, QueryError
from polysteer.store import query_database


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    "arguments", [("report",), ("report", "--lang", "ja"), ("report", "-l", "de", "-e", "try")]
)
def test_tables_fit_80_columns_and_lose_nothing(arguments, run):
    out = run(*arguments)
    assert max(map(len, out.splitlines())) <= 80
    assert "…" not in out
    assert "\x1b" not in out


@pytest.mark.usefixtures("project")
def test_one_language_is_told_in_words_and_tables(run):
    out = run("report", "--lang", "ja")
    assert "Steering to ja helps" in " ".join(out.split())
    lines = [line.split() for line in out.splitlines()]
    assert ["mask", "18.7", "17.7..19.7", "18.0", "17.0..19.0", "1", "1.25"] in lines
    assert ["centred", "33.6", "32.6..34.6", "51.0", "50.0..52.0", "0", "-"] in lines
    assert ["ja", "6.00", "7.50", "x1.25"] in lines
    assert ["mask", "30.0", "12.0", "16.0"] in lines
    assert ["1", "19.0", "16.0", "18.0", "20.0", "40.0"] in lines


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("lang", ["jpn", "jpn_Jpan"])
def test_a_language_is_found_under_its_other_names(run, lang):
    assert run("report", "--lang", lang) == run("report", "--lang", "ja")


@pytest.mark.usefixtures("project")
def test_all_targets_stand_in_one_table(run):
    lines = [line.split() for line in run("report").splitlines()]
    assert [
        "ja",
        "12.5",
        "18.7",
        "x1.50",
        "+5.2..+7.2",
        "0.0001",
        "11.0",
        "1/40",
        "33.6",
        "22.0",
        "1.25",
    ] in lines
    assert [
        "de",
        "12.5",
        "13.0",
        "x1.04",
        "-0.5..+1.5",
        "0.40",
        "11.3",
        "6/40",
        "33.6",
        "22.0",
        "1.25",
    ] in lines


@pytest.mark.usefixtures("project")
def test_two_targets_of_one_experiment_stand_side_by_side_by_method(run):
    lines = [line.split() for line in run("report", "--compare", "ja", "de").splitlines()]
    assert ["mask", "18.7", "17.7..19.7", "13.0", "12.0..14.0", "-5.7"] in lines
    assert ["baseline", "12.5", "11.5..13.5", "12.5", "11.5..13.5", "+0.0"] in lines


@pytest.mark.usefixtures("project")
def test_formats_for_scripts(run):
    answer = json.loads(run("report", "--lang", "ja", "--format", "json"))
    assert answer["summary"]["steered"] == 0.187
    assert len(list(csv.DictReader(io.StringIO(run("report", "--format", "csv"))))) > len(answer["rows"])
    assert "\n|  | baseline | mask |" in run("report", "--format", "markdown")


@pytest.mark.usefixtures("project")
def test_a_wrong_name_is_answered_with_the_nearest(run):
    with pytest.raises(ConfigError, match="'jaa' is no target of try; did you mean 'ja'"):
        run("report", "--lang", "jaa")
    with pytest.raises(ConfigError, match=r"no experiment 'tri' .*did you mean 'try'"):
        run("report", "--experiment", "tri")


def test_an_experiment_not_run_yet_says_so(project, run):
    shutil.rmtree(project / "artifacts")
    with pytest.raises(ArtifactError, match="no experiment has been evaluated yet; run `steer run`"):
        run("report")


def test_a_lost_or_broken_database_is_built_without_complaint(project, run):
    before = run("report", "--lang", "ja")
    database = project / "artifacts" / "metrics.duckdb"
    database.unlink()
    assert run("report", "--lang", "ja") == before
    database.write_bytes(database.read_bytes()[:9000])
    assert run("report", "--lang", "ja") == before


@pytest.mark.usefixtures("project")
def test_query_prints_every_format(run):
    sql = """
        SELECT target, k, value, NULL AS nothing FROM headline
        WHERE intervention = 'set' AND view = 'same_layer' ORDER BY 1"""
    assert json.loads(run("query", sql, "--format", "json"))[1] == {
        "target": "ja",
        "k": 0.2,
        "value": 0.187,
        "nothing": None,
    }
    assert run("query", sql, "--format", "csv").splitlines()[2] == "ja,0.2,0.187,"
    assert run("query", sql, "--format", "markdown").splitlines()[3] == "| ja | 0.2 | 0.187 | - |"
    assert ["ja", "0.2", "0.187", "-"] in [line.split() for line in run("query", sql).splitlines()]


def test_query_exports_parquet_with_its_types(project, run):
    sql = "SELECT target, k, value, n, NULL AS nothing FROM headline ORDER BY ALL"
    assert run("query", sql, "--format", "parquet", "--out", "answer.parquet") == ""
    asked = query_database(project / "artifacts" / "metrics.duckdb", sql)
    exported = pq.read_table(project / "answer.parquet")
    assert exported.to_pylist() == asked.records()
    assert [str(kind) for kind in exported.schema.types[:4]] == ["string", "double", "double", "int64"]


def test_query_writes_parquet_to_a_redirected_stdout(project, run):
    run("report")
    command = [sys.executable, "-c", "from polysteer.cli.main import main; main()", "query", "SELECT 7 AS x"]
    with (project / "redirected").open("wb") as out:
        subprocess.run([*command, "--format", "parquet"], stdout=out, check=True)
    assert pq.read_table(project / "redirected").to_pylist() == [{"x": 7}]


def test_query_keeps_parquet_off_a_terminal(project, run):
    run("report")
    leader, follower = os.openpty()
    command = [sys.executable, "-c", "from polysteer.cli.main import main; main()", "query", "SELECT 7 AS x"]
    command += ["--format", "parquet", "--artifacts", str(project / "artifacts")]
    done = subprocess.run(command, stdout=follower, stderr=subprocess.PIPE, text=True)
    os.close(follower)
    os.close(leader)
    assert done.returncode == 2
    assert "--out" in done.stderr


def test_what_parquet_cannot_hold_is_named_and_leaves_no_file(project, run):
    with pytest.raises(QueryError, match=r"Parquet cannot hold .*interval.*cast the column"):
        run("query", "SELECT INTERVAL 1 MONTH AS d", "--format", "parquet", "--out", "answer.parquet")
    assert sorted(path.name for path in project.iterdir()) == ["artifacts", "experiments.yaml"]


@pytest.mark.usefixtures("project")
def test_a_wide_answer_is_not_cut_off(run):
    out = run("query", "SELECT * FROM metrics LIMIT 1")
    assert "…" not in out
    assert "fingerprint" in out


@pytest.mark.usefixtures("project")
def test_wrong_sql_comes_back_as_duckdb_says_it(run):
    with pytest.raises(QueryError, match="Parser Error"):
        run("query", "SELEC 1")
