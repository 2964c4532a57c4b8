"""`steer report` and `steer query` as a user runs them, on numbers that the real stages made."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from polysteer.arms import ARMS
from polysteer.cli.main import app
from polysteer.errors import ArtifactError, ConfigError, QueryError
from polysteer.report.views import VIEWS
from polysteer.store import query_database


def number(value: float) -> str:
    return f"{value:#.3g}".removesuffix(".")


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    "arguments", [("report",), ("report", "--lang", "ja", "-e", "tiny"), ("report", "-l", "de", "-e", "tiny")]
)
def test_tables_fit_80_columns_and_lose_nothing(arguments, run):
    out = run(*arguments)
    assert max(map(len, out.splitlines())) <= 80
    assert "…" not in out
    assert "\x1b" not in out


@pytest.mark.usefixtures("project")
def test_one_language_is_told_in_words_and_tables(run, stored, write):
    out = run("report", "-e", "tiny", "--lang", "ja")
    assert "Steering to ja makes no difference this test can see" in " ".join(out.split())
    lines = [line.split() for line in out.splitlines()]
    for name, arm, target in (("mask", "mask", "ja"), ("centred", "centred", None)):
        same, best = (stored.pick("top1", arm, target, view=view) for view in ("same_layer", "best_layer"))
        costs = [number(row["value"]) for row in stored.list_picked("cost", arm, target)] or ["-"]
        spread = (*write.share_and_spread(same), *write.share_and_spread(best))
        assert [name, *spread, best["layer"], *costs] in lines
    before, after = (
        stored.pick("perplexity", *of, ends=("ja", None))["value"] for of in (("baseline",), ("mask", "ja"))
    )
    assert ["ja", number(before), number(after), f"x{after / before:.2f}"] in lines
    directions = (("*", "ja"), ("ja", "*"), ("!ja", "!ja"))
    assert [
        "mask",
        *(write.share(stored.pick("top1", "mask", "ja", ends=ends)) for ends in directions),
    ] in lines
    of_layer = [
        row
        for arm in ARMS
        for target in (None, "ja")
        for row in stored.list_picked("top1", arm.key, target, layer="1")
        if row["layer"] == "1"
    ]
    assert len(of_layer) > 4
    assert ["1", *map(write.share, of_layer)] in lines


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("lang", ["jpn", "jpn_Jpan"])
def test_a_language_is_found_under_its_other_names(run, lang):
    assert run("report", "--lang", lang) == run("report", "--lang", "ja")


@pytest.mark.usefixtures("project")
def test_all_targets_stand_in_one_table(run, stored, write):
    lines = [line.split() for line in run("report").splitlines()]
    for target in ("de", "ja"):
        plain, mask = stored.pick("top1", "baseline"), stored.pick("top1", "mask", target)
        gain, p = (
            stored.pick("top1_difference", "mask", target),
            stored.pick("p_value", "mask", target)["value"],
        )
        assert [
            target,
            write.share(plain),
            write.share(mask),
            f"x{mask['value'] / plain['value']:.2f}",
            f"{100 * gain['ci_low']:+.1f}..{100 * gain['ci_high']:+.1f}",
            f"{p:.4f}" if p < 0.1 else f"{p:.2f}",
            write.share(stored.mean("top1", "random_neurons", target)),
            f"{stored.pick('control_rank', 'mask', target)['value']:.0f}/4",
            write.share(stored.pick("top1", "centred")),
            write.share(stored.pick("top1", "surface")),
            number(stored.pick("cost", "mask", target)["value"]),
        ] in lines


@pytest.mark.usefixtures("project")
def test_two_targets_of_one_experiment_stand_side_by_side_by_method(run, stored, write):
    lines = [line.split() for line in run("report", "--compare", "ja", "de").splitlines()]
    a, b = (stored.pick("top1", "mask", target) for target in ("ja", "de"))
    gain = f"{100 * (b['value'] - a['value']):+.1f}"
    assert ["mask", *write.share_and_spread(a), *write.share_and_spread(b), gain] in lines
    plain = write.share_and_spread(stored.pick("top1", "baseline"))
    assert ["baseline", *plain, *plain, "+0.0"] in lines


@pytest.mark.usefixtures("project")
def test_formats_for_scripts(run, stored):
    answer = json.loads(run("report", "-e", "tiny", "--lang", "ja", "--format", "json"))
    assert answer["summary"]["steered"] == stored.pick("top1", "mask", "ja")["value"]
    assert len(list(csv.DictReader(io.StringIO(run("report", "--format", "csv"))))) > len(answer["rows"])
    assert "\n|  | baseline | mask |" in run("report", "--format", "markdown")


@pytest.mark.usefixtures("project")
def test_the_plain_model_by_layer_stands_below_an_experiment_in_whole(run):
    assert "tiny: by layer (%)" in run("report", "-e", "tiny")
    assert "tiny: by layer (%)" not in run("report", "-e", "tiny", "-l", "ja")
    assert "by layer (%)" not in run("report", "-e", "other")


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--front", "--oracle"), "--front and --oracle are different questions: ask one at a time"),
        (
            ("--front", "-m", "mrr"),
            "--front is of top1, by which dev chooses, at the layers it chose: leave out",
        ),
        (("--study", "-l", "ja"), "--study is of the plain model at every layer: leave out --lang"),
    ],
)
def test_options_that_do_not_go_together_are_refused(run, arguments, says):
    with pytest.raises(AssertionError, match="Usage") as refused:
        run("report", *arguments, columns=200)
    assert says in str(refused.value)


def test_every_view_has_its_option():
    shown = CliRunner().invoke(app, ["report", "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"}).stdout
    options = [view.option for view in VIEWS]
    assert len(set(options)) == len(options)
    assert {option for option in options if option} <= set(re.findall(r"--[\w-]+", shown))


@pytest.mark.usefixtures("project")
def test_a_wrong_name_is_answered_with_the_nearest(run):
    with pytest.raises(
        ConfigError, match="'jaa' is no target of tiny, other, plain, later; did you mean 'ja'"
    ):
        run("report", "--lang", "jaa")
    with pytest.raises(ConfigError, match=r"no experiment 'tny' .*did you mean 'tiny'"):
        run("report", "--experiment", "tny")


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
def test_query_prints_every_format(run, stored):
    sql = """
        SELECT target, k, value, NULL AS nothing FROM headline
        WHERE experiment = 'tiny' AND arm = 'mask' AND view = 'same_layer' ORDER BY 1"""
    mask = stored.pick("top1", "mask", "ja")
    k, value = mask["k"], mask["value"]
    expected = {"target": "ja", "k": k, "value": value, "nothing": None}
    assert json.loads(run("query", sql, "--format", "json"))[1] == expected
    assert run("query", sql, "--format", "csv").splitlines()[2] == f"ja,{k},{value},"
    assert run("query", sql, "--format", "markdown").splitlines()[3] == f"| ja | {k:.6g} | {value:.6g} | - |"
    assert ["ja", f"{k:.6g}", f"{value:.6g}", "-"] in [
        line.split() for line in run("query", sql).splitlines()
    ]


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
