"""What stands above a report: what its numbers were made with, and that this is no longer the file's."""

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from polysteer.cli.main import app
from polysteer.differences import Difference, compare_settings, write_setting

VIEWS = (
    ("-e", "tiny"),
    ("-e", "tiny", "-l", "ja"),
    ("-e", "tiny", "--metric", "mrr"),
    ("-e", "tiny", "--layer", "1"),
    ("-e", "tiny", "--all-pairs"),
    ("-e", "tiny", "--front"),
    ("-e", "tiny", "--oracle"),
    ("-e", "tiny", "--study"),
    ("--compare", "tiny", "other"),
)


def edit(project, old, new):
    path = project / "experiments.yaml"
    head, found, tail = path.read_text().partition(old)
    assert found
    path.write_text(head + new + tail)


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_says_what_it_is_of_and_when_that_is_stale(project, run, view, model_folder):
    fresh = " ".join(run("report", *view).split())
    corpus = "builtin, 3 languages, find 40, dev 12, test 16"
    assert f"tiny: model {model_folder}; corpus {corpus}; set at strength 1; made 20" in fresh
    assert "STALE" not in fresh
    edit(project, "k: [0.1, 8]", "k: [0.1, 5]")
    out = run("report", *view)
    assert (
        "STALE: experiments.yaml has changed since these numbers of tiny were made: rank.k [0.1, 8] -> "
        "[0.1, 5]. New ones: steer run tiny"
    ) in " ".join(out.split())
    assert max(map(len, out.splitlines())) <= 80
    assert "STALE: experiments.yaml has" in run("report", *view, "--format", "markdown")


@pytest.mark.parametrize("view", VIEWS)
def test_scripts_are_told_too(project, run, view):
    fresh = json.loads(run("report", *view, "--format", "json"))
    assert fresh["stale"] == []
    assert fresh["experiments"][0]["experiment"] == "tiny"
    assert fresh["experiments"][0]["settings"]["rank"]["k"] == [0.1, 8.0]
    edit(project, "steer: {}", "steer: {strength: 0.5}")
    stale = json.loads(run("report", *view, "--format", "json"))["stale"]
    assert stale == [
        {"experiment": "tiny", "reason": "changed", "key": "steer.strength", "old": [1.0], "new": [0.5]}
    ]


@pytest.mark.usefixtures("project")
def test_a_summary_has_one_shape_and_so_have_summaries(run):
    for view, targets in (
        (("-e", "tiny", "-l", "ja"), ["ja"]),
        ((), ["de", "ja", "ja"]),
        (("-e", "other"), ["ja"]),
        (("--study", "-e", "plain"), []),
    ):
        answer = json.loads(run("report", *view, "--format", "json"))
        assert [one["target"] for one in answer["summaries"]] == targets
        assert answer["summary"] == (answer["summaries"][0] if len(targets) == 1 else None)


def test_csv_stays_csv_and_stderr_says_it(project):
    edit(project, "targets: [de, ja]", "targets: [ja]")
    done = CliRunner().invoke(app, ["report", "-e", "tiny", "--format", "csv"])
    assert done.stdout.startswith("experiment,target,view")
    assert "STALE" not in done.stdout
    assert "targets [de, ja] -> ja" in done.stderr


def test_all_of_a_file_has_what_was_not_run_and_what_it_no_longer_names(project, run):
    edit(project, "  other:", "  renamed:")
    told = run("report")
    assert "later has no numbers yet: steer run later" in told
    assert "renamed has no numbers yet: steer run renamed" in told
    assert "other has numbers, and is left out: experiments.yaml does not name it." in told
    assert "no numbers yet" not in run("report", "-e", "tiny")
    reasons = {
        (one["experiment"], one["reason"]) for one in json.loads(run("report", "--format", "json"))["stale"]
    }
    assert reasons == {("later", "no_numbers"), ("renamed", "no_numbers"), ("other", "not_in_file")}


def test_numbers_without_settings_say_so(rewrite, run):
    rewrite(remake=lambda _: None)
    said = "STALE? These numbers of tiny do not say with which settings"
    assert said in " ".join(run("report", "-e", "tiny").split())
    (only,) = json.loads(run("report", "-e", "tiny", "--format", "json"))["stale"]
    assert (only["experiment"], only["reason"]) == ("tiny", "unrecorded")


def test_a_checkpoint_is_a_setting(project, run, model_folder):
    edit(project, f"model: {model_folder}", f"model: {{id: {model_folder}, checkpoints: [step-150]}}")
    assert "model.checkpoints [] -> {revision: step-150}" in " ".join(run("report", "-e", "tiny").split())


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


def test_numbers_newer_than_the_database_are_shown_without_a_store_step(rewrite, run, stored, write):
    asked, mask = ("report", "-e", "tiny", "-l", "ja"), stored.pick("top1", "mask", "ja")
    before = run(*asked)
    rewrite(change=lambda rows: [replace(row, value=0.25) if vars(row) == mask else row for row in rows])
    after = run(*asked)
    assert f"to {write.share(mask)} %" in " ".join(before.split())
    assert "to 25.0 %" in " ".join(after.split())
    assert "STALE" not in after
