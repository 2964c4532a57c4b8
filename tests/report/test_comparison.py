"""`steer report --compare A B` on two experiments; what cannot be compared is refused."""

import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from polysteer.errors import ArtifactError, ConfigError
from polysteer.store import MetricRow, write_metrics
from polysteer.store.making import read_making

pytestmark = pytest.mark.usefixtures("study")


def test_two_experiments_stand_side_by_side_by_target(run):
    out = run("report", "--compare", "try", "other")
    lines = [line.split() for line in out.splitlines()]
    assert ["ja", "12.5", "18.7", "17.7..19.7", "12.5", "15.6", "17.7..19.7", "-3.1"] in lines
    assert ["ja", "1.25", "1.25", "0.2", "0.2"] in lines
    said = " ".join(out.split())
    assert (
        "NOT COMPARABLE as they stand: A is looked up among 500 candidates, B among 200 candidates." in said
    )
    assert max(map(len, out.splitlines())) <= 80


def test_a_comparison_for_scripts(run):
    answer = json.loads(run("report", "--compare", "try", "other", "--format", "json"))
    assert [(one["experiment"], one["target"]) for one in answer["summaries"]] == [
        ("try", "ja"),
        ("other", "ja"),
    ]
    (row,) = [row for row in answer["rows"] if (row["method"], row["metric"]) == ("steered", "top1")]
    assert (row["a"], row["b"], row["a_value"], row["b_value"]) == ("try", "other", 0.187, 0.156)
    assert row["difference"] == pytest.approx(-0.031)


def test_another_metric_and_layer_are_compared(run):
    rows = json.loads(run("report", "--compare", "try", "other", "-m", "mrr", "--format", "json"))["rows"]
    assert {row["metric"] for row in rows} == {"mrr", "cost"}
    rows = json.loads(run("report", "--compare", "try", "other", "--layer", "1", "--format", "json"))["rows"]
    assert {row["a_layer"] for row in rows if row["metric"] == "top1"} == {"1"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("try", "othr"), r"'othr' is neither an experiment nor a target of one; did you mean 'other'\?"),
        (("try", "ja"), "try and ja are not two experiments, nor two targets of one; name two"),
        (("try", "plain", "-m", "mrr"), "only try has mrr, so it cannot be compared"),
        (("try", "try"), "given 'try' twice"),
        (("try", "other", "-e", "try"), "leave out --experiment"),
        (("ja", "de", "-l", "ja"), "leave out --lang"),
    ],
)
def test_what_cannot_be_compared_is_refused(run, arguments, says):
    with pytest.raises(ConfigError, match=says):
        run("report", "--compare", *arguments)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("try", "later"), "'later' has no numbers yet; run `steer run later`"),
        (("ja", "de"), "no numbers of target 'de'"),
        (("try", "other", "-l", "de"), "no numbers of target 'de'; it has ja"),
    ],
)
def test_what_was_not_run_says_so(run, arguments, says):
    with pytest.raises(ArtifactError, match=says):
        run("report", "--compare", *arguments)


def remake(study, **changes):
    """`other` as if it had been made otherwise."""
    metrics = study / "artifacts" / "metrics" / "other.parquet"
    rows = [MetricRow(**row) for row in pq.read_table(metrics).to_pylist()]
    making = read_making(pq.read_schema(metrics), metrics)
    corpus = {**making.settings["corpus"], **changes.pop("corpus", {})}
    rank = {**making.settings["rank"], **changes.pop("rank", {})}
    settings = {**making.settings, "corpus": corpus, "rank": rank, "targets": ["de", "ja"]}
    write_metrics(
        metrics,
        [replace(row, candidates=row.candidates and 500) for row in rows],
        making=replace(making, settings=settings, **changes),
    )


def test_another_test_text_forbids_to_compare(study, run):
    remake(study, corpus={"seed": 7}, texts={"test": "other text"})
    out = run("report", "--compare", "try", "other")
    assert "A beside B (NOT COMPARABLE: other test text)\n" in out
    said = " ".join(out.split())
    assert "NOT COMPARABLE as they stand: the test texts differ: corpus.seed 0 and 7." in said
    answer = json.loads(run("report", "--compare", "try", "other", "--format", "json"))
    assert answer["comparable"] is False
    assert answer["differences"] == [{"key": "corpus.seed", "a": 0, "b": 7}]


def test_other_settings_on_one_text_are_named(study, run):
    remake(study, rank={"k": [5.0]})
    out = run("report", "--compare", "try", "other")
    assert "NOT COMPARABLE" not in out
    assert "Other settings that differ: rank.k 0.03 and 5." in " ".join(out.split())
    answer = json.loads(run("report", "--compare", "try", "other", "--format", "json"))
    assert answer["comparable"] is True
    assert answer["differences"] == [{"key": "rank.k", "a": [0.03], "b": [5.0]}]


def test_the_same_settings_on_text_that_changed_are_not_comparable(study, run):
    remake(study, texts={"test": "other text"})
    said = " ".join(run("report", "--compare", "try", "other").split())
    assert "the test texts differ: the settings agree, their content does not." in said
