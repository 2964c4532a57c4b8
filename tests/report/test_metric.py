"""`steer report --metric` and `--layer`, against the rows that `evaluate` wrote."""

import csv
import io
import json
from dataclasses import replace

import pytest

from polysteer.errors import ArtifactError, ConfigError
from polysteer.report.measured import Measured, ReportRow
from polysteer.report.views.metric import grid_target

pytestmark = pytest.mark.usefixtures("project")


def table(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def number(value: float) -> str:
    return f"{value:#.3g}".removesuffix(".")


def number_and_spread(row) -> tuple[str, str]:
    return number(row["value"]), f"{number(row['ci_low'])}..{number(row['ci_high'])}"


ARMS = (("baseline", "baseline", None), ("mask", "mask", "ja"))


def test_a_metric_is_shown_by_method(run, stored):
    lines = table(run("report", "-e", "tiny", "-l", "ja", "--metric", "mrr"))
    for name, *of in ARMS:
        same, best = (stored.pick("mrr", *of, view=view) for view in ("same_layer", "best_layer"))
        assert [name, *number_and_spread(same), *number_and_spread(best), best["layer"]] in lines


def test_a_metric_is_shown_over_the_layers(run, stored, write):
    asked = ("report", "-e", "tiny", "-l", "ja", "--metric", "top1")
    out = run(*asked, columns=250)
    head, *curve = table(out[out.index("by layer") :])[2:]
    assert head[:2] == ["layer", "baseline"]
    for layer in ("1", "final"):
        (line,) = [line for line in curve if line[:1] == [layer]]
        assert line[1:3] == [write.share(stored.pick("top1", *of, layer=layer)) for _, *of in ARMS]
    rows = json.loads(run(*asked, "--format", "json"))["rows"]
    random = [(row["layer"], row["value"]) for row in rows if is_of(row, "curve", "random_neurons")]
    assert random == [("final", pytest.approx(stored.mean("top1", "random_neurons", "ja")))]


def is_of(row, view: str, arm: str) -> bool:
    return (row["view"], row["arm"], row["source"], row["reference"]) == (view, arm, "*", "*")


def test_what_is_measured_by_language_is_shown_by_language(run, stored):
    lines = table(run("report", "-e", "tiny", "-l", "ja", "--metric", "perplexity"))
    assert ["text", "baseline", "mask"] in lines
    found = [stored.pick("perplexity", *of, ends=("ja", None))["value"] for _, *of in ARMS]
    assert ["ja", *map(number, found)] in lines


def test_rows_for_scripts_are_of_the_metric_alone(run, stored):
    answer = json.loads(run("report", "-e", "tiny", "-l", "ja", "--metric", "mrr", "--format", "json"))
    assert answer["summary"]["steered"] == stored.pick("top1", "mask", "ja")["value"]
    assert answer["summaries"] == [answer["summary"]]
    assert {row["metric"] for row in answer["rows"]} == {"mrr"}
    mask = stored.pick("mrr", "mask", "ja")["value"]
    means = [
        row for row in answer["rows"] if (row["arm"], row["source"], row["reference"]) == ("mask", "*", "*")
    ]
    assert {row["view"]: row["value"] for row in means} == {
        "same_layer": mask,
        "best_layer": stored.pick("mrr", "mask", "ja", view="best_layer")["value"],
        "curve": mask,
    }
    found = list(csv.DictReader(io.StringIO(run("report", "-e", "tiny", "-m", "mrr", "--format", "csv"))))
    assert {row["metric"] for row in found} == {"mrr"}
    assert mask in [float(row["value"]) for row in found if row["target"] == "ja"]


def test_several_experiments_and_targets_stand_in_short_tables(run):
    out = run("report", "--metric", "perplexity")
    assert "tiny: perplexity, by language: baseline, then each target's mask" in out
    assert "other, ja: perplexity" in out
    assert "plain" not in out


def test_a_layer_is_read_for_what_was_picked_elsewhere(run, stored, write):
    out = run("report", "-e", "tiny", "-l", "ja", "--layer", "1")
    assert "picked on dev for the primary layer, not for this one" in " ".join(out.split())
    plain, mask = (stored.pick("top1", *of, layer="1") for _, *of in ARMS)
    assert ["baseline", *write.share_and_spread(plain), "+0.0"] in table(out)
    gain = f"{100 * (mask['value'] - plain['value']):+.1f}"
    assert ["mask", *write.share_and_spread(mask), gain] in table(out)
    rows = json.loads(run("report", "-e", "tiny", "-l", "ja", "--layer", "1", "--format", "json"))["rows"]
    assert {row["view"] for row in rows} == {"at_layer"}
    assert {row["layer"] for row in rows} == {"1"}


def test_an_experiment_that_steers_nothing_has_metrics(run, stored, write):
    out = run("report", "-e", "plain", "--metric", "abx_language")
    same, best = (
        stored.pick("abx_language", "baseline", experiment="plain", view=view)
        for view in ("same_layer", "best_layer")
    )
    spread = (*write.share_and_spread(same), *write.share_and_spread(best))
    assert ["baseline", *spread, best["layer"]] in table(out)
    answer = json.loads(run("report", "-e", "plain", "--metric", "abx_language", "--format", "json"))
    assert (answer["summary"], answer["summaries"]) == (None, [])
    assert same["value"] in [row["value"] for row in answer["rows"]]


@pytest.mark.parametrize("name", ["revision", "embedding_pooling"])
def test_checkpoints_and_poolings_stand_apart(run, rewrite, name):
    def add_another(rows):
        """As an experiment would have it that picked layers for two of them."""
        like = [replace(row, **{name: "one"}) for row in rows if row.arm == "baseline"]
        mexa = [row for row in like if row.metric == "mexa"]
        return mexa + [replace(row, value=row.value / 2, **{name: "two"}) for row in mexa]

    def choose_both(choices):
        plain = [choice for choice in choices if choice.of.arm == "baseline"]
        return [one._replace(of=replace(one.of, **{name: of})) for one in plain for of in ("one", "two")]

    rewrite(change=add_another, choose=choose_both)
    lines = table(run("report", "-e", "tiny", "--metric", "mexa"))
    (one,), (two,) = ([line for line in lines if line[:2] == ["baseline", f"@{of}"]] for of in ("one", "two"))
    assert float(two[2]) == pytest.approx(float(one[2]) / 2, abs=0.1)


@pytest.mark.parametrize("option", [("--metric", "mrr"), ("--layer", "final"), ("--metric", "perplexity")])
@pytest.mark.parametrize("lang", [(), ("--lang", "ja")])
def test_tables_fit_80_columns(run, option, lang):
    out = run("report", "-e", "tiny", *option, *lang)
    assert max(map(len, out.splitlines())) <= 80
    assert "…" not in out
    assert "\x1b" not in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--metric", "mr"), r"no metric 'mr'; did you mean 'mrr'\?"),
        (("--layer", "7"), r"no layer '7'; did you mean '3'\? it was measured at 0, 1, 2, 3, final"),
        (("--layer", "finl"), r"no layer 'finl'; did you mean 'final'\?"),
        (("--layer", "none"), r"no layer 'none'; it was measured at 0, 1, 2, 3, final"),
        (("--metric", "perplexity", "--layer", "1"), "perplexity is not of a layer"),
    ],
)
def test_a_wrong_name_is_answered_with_the_nearest(run, arguments, says):
    with pytest.raises(ConfigError, match=says):
        run("report", "-e", "tiny", *arguments)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("-e", "later"), "'later' has no numbers yet; run `steer run later`"),
        (("-e", "later", "--metric", "mrr"), "'later' has no numbers yet; run `steer run later`"),
        (("-e", "plain", "--front"), "'plain' steers nothing; .* --metric: abx_language"),
        (
            ("--compare", "tiny", "other", "-l", "de"),
            "no numbers of target 'de'; it has ja; .*`steer run other`",
        ),
    ],
)
def test_what_was_not_run_says_what_to_run(run, arguments, says):
    with pytest.raises(ArtifactError, match=says):
        run("report", *arguments)


def test_layers_stand_in_the_model_s_order_whichever_method_has_them():
    row = ReportRow(
        experiment="tiny",
        target="ja",
        view="curve",
        arm="baseline",
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
    others = [replace(row, arm="centred", layer=layer) for layer in ("10", "9", "final")]
    curve = next(grid for grid in grid_target(Measured((row, *others))) if grid.title.endswith("by layer"))
    assert [line[0] for line in curve.rows] == ["9", "10", "final"]
