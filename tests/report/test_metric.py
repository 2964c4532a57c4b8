"""`steer report --metric` and `--layer`, against the numbers that were put in."""

import csv
import io
import json
from dataclasses import replace

import pytest

from polysteer.errors import ArtifactError, ConfigError
from polysteer.report.measured import Measured, ReportRow
from polysteer.report.views.metric import draw_target

pytestmark = pytest.mark.usefixtures("study")


def table(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_a_metric_is_shown_by_method(run):
    lines = table(run("report", "-e", "try", "-l", "ja", "--metric", "mrr"))
    assert ["baseline", "0.200", "0.190..0.210", "-", "-", "-"] in lines
    assert ["mask", "0.300", "0.290..0.310", "-", "-", "-"] in lines


def test_a_metric_is_shown_over_the_layers(run):
    out = run("report", "-e", "try", "-l", "ja", "--metric", "top1", columns=200)
    curve = table(out[out.index("by layer") :])
    assert ["1", "19.0", "16.0", "18.0", "-", "20.0", "40.0", "-"] in curve
    assert ["final", "12.5", "18.7", "11.0", "17.0", "15.0", "33.6", "17.0"] in curve


def test_what_is_measured_by_language_is_shown_by_language(run):
    lines = table(run("report", "-e", "try", "-l", "ja", "--metric", "perplexity"))
    assert ["text", "baseline", "mask"] in lines
    assert ["ja", "6.00", "7.50"] in lines


def test_rows_for_scripts_are_of_the_metric_alone(run):
    answer = json.loads(run("report", "-e", "try", "-l", "ja", "--metric", "mrr", "--format", "json"))
    assert answer["summary"]["steered"] == 0.187
    assert answer["summaries"] == [answer["summary"]]
    assert {row["metric"] for row in answer["rows"]} == {"mrr"}
    views = {(row["view"], row["method"]): row["value"] for row in answer["rows"]}
    assert views == {
        ("same_layer", "baseline"): 0.2,
        ("same_layer", "steered"): 0.3,
        ("curve", "baseline"): 0.2,
        ("curve", "steered"): 0.3,
    }
    found = list(csv.DictReader(io.StringIO(run("report", "-e", "try", "-m", "mrr", "--format", "csv"))))
    assert [float(row["value"]) for row in found if row["method"] == "steered"] == [0.3, 0.3]


def test_several_experiments_and_targets_stand_in_short_tables(run):
    out = run("report", "--metric", "mrr")
    assert "try, ja: mrr" in out
    assert "other, ja: mrr" in out
    assert "plain" not in out


def test_a_layer_is_read_for_what_was_picked_elsewhere(run):
    out = run("report", "-e", "try", "-l", "ja", "--layer", "1")
    assert "picked on dev for the primary layer, not for this one" in " ".join(out.split())
    assert ["baseline", "19.0", "18.0..20.0", "+0.0"] in table(out)
    assert ["mask", "16.0", "15.0..17.0", "-3.0"] in table(out)
    rows = json.loads(run("report", "-e", "try", "-l", "ja", "--layer", "1", "--format", "json"))["rows"]
    assert {row["view"] for row in rows} == {"at_layer"}
    assert {row["layer"] for row in rows} == {"1"}


def test_checkpoints_stand_apart_in_an_experiment_that_steers_nothing(run):
    out = run("report", "-e", "plain", "--metric", "language_abx")
    assert ["baseline", "@step-1", "0.600", "-", "-", "-", "-"] in table(out)
    assert ["baseline", "@step-2", "0.900", "-", "-", "-", "-"] in table(out)
    assert ["1", "0.600", "0.900"] in table(out)
    answer = json.loads(run("report", "-e", "plain", "--metric", "language_abx", "--format", "json"))
    assert (answer["summary"], answer["summaries"]) == (None, [])
    assert {(row["revision"], row["value"]) for row in answer["rows"]} == {("step-1", 0.6), ("step-2", 0.9)}


def test_poolings_stand_apart(run):
    lines = table(run("report", "-e", "try", "-l", "ja", "--metric", "mexa"))
    assert ["baseline", "@last", "0.200", "-", "-", "-", "-"] in lines
    assert ["baseline", "@mean", "0.800", "-", "-", "-", "-"] in lines


@pytest.mark.parametrize("option", [("--metric", "mrr"), ("--layer", "final"), ("--metric", "perplexity")])
@pytest.mark.parametrize("lang", [(), ("--lang", "ja")])
def test_tables_fit_80_columns(run, option, lang):
    out = run("report", *option, *lang)
    assert max(map(len, out.splitlines())) <= 80
    assert "…" not in out
    assert "\x1b" not in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--metric", "mr"), r"no metric 'mr'; did you mean 'mrr'\?"),
        (("--layer", "7"), r"no layer '7'; did you mean '1'\? it was measured at 0, 1, final"),
        (("--layer", "finl"), r"no layer 'finl'; did you mean 'final'\?"),
        (("--layer", "none"), r"no layer 'none'; it was measured at 0, 1, final"),
        (("--metric", "perplexity", "--layer", "1"), "perplexity is not of a layer"),
    ],
)
def test_a_wrong_name_is_answered_with_the_nearest(run, arguments, says):
    with pytest.raises(ConfigError, match=says):
        run("report", "-e", "try", *arguments)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("-e", "later"), "'later' has no numbers yet; run `steer run later`"),
        (("-e", "later", "--metric", "mrr"), "'later' has no numbers yet; run `steer run later`"),
        (("-e", "plain"), "'plain' steers nothing; .* --metric: language_abx"),
        (("-e", "try", "-l", "de", "-m", "mrr"), "no numbers of target 'de'; it has ja; .*`steer run try`"),
    ],
)
def test_what_was_not_run_says_what_to_run(run, arguments, says):
    with pytest.raises(ArtifactError, match=says):
        run("report", *arguments)


def test_layers_stand_in_the_model_s_order_whichever_method_has_them():
    row = ReportRow(
        experiment="try",
        target="ja",
        view="curve",
        method="baseline",
        metric="mrr",
        source="*",
        reference="*",
        layer="final",
        k=None,
        value=0.5,
        ci_low=None,
        ci_high=None,
        n=None,
        candidates=None,
    )
    others = [replace(row, method="centred", layer=layer) for layer in ("10", "9", "final")]
    curve = next(grid for grid in draw_target(Measured((row, *others))) if grid.title.endswith("by layer"))
    assert [line[0] for line in curve.rows] == ["9", "10", "final"]
