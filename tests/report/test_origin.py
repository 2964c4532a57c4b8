"""What stands above a report: what its numbers were made with, and that this is no longer the file's."""

import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from polysteer.cli.main import app
from polysteer.differences import Difference, compare_settings, write_setting
from polysteer.store import write_metrics
from polysteer.store.making import read_making

VIEWS = (
    ("-e", "try"),
    ("-e", "try", "-l", "ja"),
    ("-e", "try", "--metric", "mrr"),
    ("-e", "try", "--layer", "1"),
    ("-e", "try", "--all-pairs"),
    ("-e", "try", "--front"),
    ("-e", "try", "--oracle"),
    ("--compare", "try", "other"),
)
HEADING = (
    "try: model builtin; corpus builtin, 3 languages, find 10, dev 5, test 5; set at strength 1; made 20"
)


def edit(project, old, new):
    path = project / "experiments.yaml"
    head, found, tail = path.read_text().partition(old)
    assert found
    path.write_text(head + new + tail)


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_says_what_it_is_of_and_when_that_is_stale(study, run, view):
    fresh = " ".join(run("report", *view).split())
    assert HEADING in fresh
    assert "STALE" not in fresh
    edit(study, "rank: {}", "rank: {k: [0.1, 5]}")
    out = run("report", *view)
    assert (
        "STALE: experiments.yaml has changed since these numbers of try were made: rank.k 0.03 -> [0.1, 5]. "
        "New ones: steer run try"
    ) in " ".join(out.split())
    assert max(map(len, out.splitlines())) <= 80
    assert "STALE: experiments.yaml has" in run("report", *view, "--format", "markdown")


@pytest.mark.parametrize("view", VIEWS)
def test_scripts_are_told_too(study, run, view):
    fresh = json.loads(run("report", *view, "--format", "json"))
    assert fresh["stale"] == []
    assert fresh["experiments"][0]["experiment"] == "try"
    assert fresh["experiments"][0]["settings"]["rank"]["k"] == [0.03]
    edit(study, "steer: {}", "steer: {strength: 0.5}")
    stale = json.loads(run("report", *view, "--format", "json"))["stale"]
    assert stale == [
        {"experiment": "try", "reason": "changed", "key": "steer.strength", "old": [1.0], "new": [0.5]}
    ]


@pytest.mark.usefixtures("study")
def test_a_summary_has_one_shape_and_so_have_summaries(run):
    for view, targets in ((("-e", "try", "-l", "ja"), ["ja"]), ((), ["ja", "ja"]), (("-e", "other"), ["ja"])):
        answer = json.loads(run("report", *view, "--format", "json"))
        assert [one["target"] for one in answer["summaries"]] == targets
        assert answer["summary"] == (answer["summaries"][0] if len(targets) == 1 else None)


def test_csv_stays_csv_and_stderr_says_it(study):
    edit(study, "targets: [de, ja]", "targets: [ja]")
    done = CliRunner().invoke(app, ["report", "-e", "try", "--format", "csv"])
    assert done.stdout.startswith("experiment,target,view")
    assert "STALE" not in done.stdout
    assert "targets [de, ja] -> ja" in done.stderr


def test_all_of_a_file_has_what_was_not_run_and_what_it_no_longer_names(study, run):
    edit(study, "  other:", "  renamed:")
    told = run("report")
    assert "later has no numbers yet: steer run later" in told
    assert "renamed has no numbers yet: steer run renamed" in told
    assert "other has numbers, and is left out: experiments.yaml does not name it." in told
    assert "no numbers yet" not in run("report", "-e", "try")
    reasons = {
        (one["experiment"], one["reason"]) for one in json.loads(run("report", "--format", "json"))["stale"]
    }
    assert reasons == {("later", "no_numbers"), ("renamed", "no_numbers"), ("other", "not_in_file")}


def test_numbers_without_settings_say_so(project, run, metrics_rows):
    write_metrics(project / "artifacts" / "metrics" / "try.parquet", metrics_rows)
    assert "STALE? These numbers of try do not say with which settings" in run("report")
    (only,) = json.loads(run("report", "--format", "json"))["stale"]
    assert (only["experiment"], only["reason"]) == ("try", "unrecorded")


def test_a_checkpoint_is_a_setting(study, run):
    edit(study, "model: builtin", "model: {id: builtin, checkpoints: [step-150]}")
    assert "model.checkpoints [] -> {revision: step-150}" in " ".join(run("report", "-e", "try").split())


def test_settings_are_compared_section_by_section():
    old = {"a": {"x": 1, "gone": [1]}, "b": None, "same": [1, 2]}
    new = {"a": {"x": 2, "come": True}, "b": {"y": 1}, "same": [1, 2]}
    assert list(compare_settings(old, new)) == [
        Difference("a.x", 1, 2),
        Difference("a.gone", [1], None),
        Difference("a.come", None, True),
        Difference("b", None, {"y": 1}),
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        ([0.015], "0.015"),
        ([0.1, 8.0], "[0.1, 8]"),
        ([], "[]"),
        ({"prompts": 20, "of": ["a"]}, "{prompts: 20, of: a}"),
        ([["mlp.up", "mlp.gate"]], "[mlp.up, mlp.gate]"),
    ],
)
def test_a_setting_is_written_as_in_the_file(value, text):
    assert write_setting(value) == text


def test_numbers_newer_than_the_database_are_shown_without_a_store_step(project, run, metrics_rows):
    before = run("report", "-l", "ja")
    metrics = project / "artifacts" / "metrics" / "try.parquet"
    better = [replace(row, value=0.25) if row.value == 0.187 else row for row in metrics_rows]
    write_metrics(metrics, better, making=read_making(pq.read_schema(metrics), metrics))
    after = run("report", "-l", "ja")
    assert "to 18.7 %" in " ".join(before.split())
    assert "to 25.0 %" in " ".join(after.split())
    assert "STALE" not in after
