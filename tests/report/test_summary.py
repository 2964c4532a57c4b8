"""What the report reads out of the database, against the numbers that were put in."""

from dataclasses import fields, replace

import pytest

from polysteer.errors import ArtifactError
from polysteer.report import Summary, summarize
from polysteer.report.contents import list_experiments, list_targets
from polysteer.store import build_database, write_metrics

CONTRACT = """
    target experiment layer k candidates baseline steered control centred surface ratio
    ci_low ci_high p_value control_rank draws cost
"""


def test_summary_has_the_contracts_keys_in_order():
    assert [field.name for field in fields(Summary)] == CONTRACT.split()


def test_summary_of_a_target_that_gains(database):
    summary = summarize(database, experiment="try", target="ja")[0].summary
    expected = Summary(
        "ja",
        "try",
        "final",
        0.2,
        500,
        0.125,
        0.187,
        0.11,
        0.336,
        0.22,
        0.187 / 0.125,
        0.052,
        0.072,
        0.0001,
        1,
        39,
        1.25,
    )
    for field in fields(Summary):
        found = getattr(summary, field.name)
        wanted = getattr(expected, field.name)
        assert found == (pytest.approx(wanted) if isinstance(wanted, float) else wanted), field.name


def test_every_target_without_being_asked(database):
    found = summarize(database, experiment="try")
    assert [one.summary.target for one in found] == ["de", "ja"]
    assert found[0].summary.control_rank == 6
    assert found[0].summary.control == pytest.approx((5 * 0.13 + 34 * 0.11) / 39)
    assert [{row.target for row in one.rows} for one in found] == [{"de"}, {"ja"}]


def test_views_keep_their_own_configuration_and_comparison(database):
    [report] = summarize(database, experiment="try", target="ja")
    same, best = report.find("steered", "top1"), report.find("steered", "top1", view="best_layer")
    assert (same.k, same.layer, same.value) == (0.2, "final", 0.187)
    assert (best.k, best.layer, best.value) == (0.03, "1", 0.18)
    assert report.value("steered", "cost") == 1.25
    assert report.find("steered", "cost", view="best_layer").value == 1.04
    assert report.value("steered", "top1_difference") == pytest.approx(0.062)
    assert report.find("steered", "top1_difference", view="best_layer").value == pytest.approx(-0.01)
    assert report.find("steered", "control_rank", view="best_layer").value == 40
    assert not any(row.metric.endswith("_best_layer") for row in report.rows)


def test_rivals_stand_beside(database):
    [report] = summarize(database, experiment="try", target="ja")
    found = {
        method: report.value(method, "top1") for method in ("baseline", "best_control", "mean_difference")
    }
    assert found == {"baseline": 0.125, "best_control": 0.11, "mean_difference": 0.15}
    assert report.find("centred", "top1", view="best_layer").layer == "0"


def test_other_controls_are_shown_as_the_mean_of_their_draws(tmp_path, metrics_rows):
    like = next(row for row in metrics_rows if row.intervention == "random" and row.target == "ja")
    drawn = [
        replace(
            like, intervention="permuted", draw=draw, metric=metric, split=split, value=value, layer="final"
        )
        for draw, top1 in enumerate((0.1, 0.16, 0.13))
        for metric, split, value in (("chosen_same_layer", "dev", 1.0), ("top1", "test", top1))
    ]
    write_metrics(tmp_path / "m.parquet", [*metrics_rows, *drawn])
    build_database([tmp_path / "m.parquet"], tmp_path / "m.duckdb")
    [report] = summarize(tmp_path / "m.duckdb", experiment="try", target="ja")
    assert report.value("permuted", "top1") == pytest.approx(0.13)
    assert report.summary.draws == 39


def test_every_number_of_sentences_is_a_row(tmp_path, metrics_rows):
    like = next(row for row in metrics_rows if row.intervention == "set" and row.target == "ja")
    like = replace(like, ci_low=None, ci_high=None, candidates=None)
    fewer = [
        replace(like, metric=metric, draw=draw, n=50, value=value, split=split, layer=None)
        for draw in (0, 1)
        for metric, value, split in (
            ("top1_from_sentences", 0.1 + draw / 10, "test"),
            ("expert_jaccard", 0.5, "find"),
            ("score_correlation_halves", 0.25 + draw / 2, "find"),
        )
    ]
    write_metrics(tmp_path / "m.parquet", [*metrics_rows, *fewer])
    build_database([tmp_path / "m.parquet"], tmp_path / "m.duckdb")
    [report] = summarize(tmp_path / "m.duckdb", experiment="try", target="ja")
    found = {row.metric: (row.n, row.value) for row in report.rows if row.view == "efficiency"}
    assert found == {
        "top1_from_sentences": (50, pytest.approx(0.15)),
        "expert_jaccard": (50, 0.5),
        "score_correlation_halves": (50, 0.5),
    }
    assert not [
        row
        for row in summarize(tmp_path / "m.duckdb", experiment="try", target="de")[0].rows
        if row.view == "efficiency"
    ]


def test_curve_directions_and_perplexity(database):
    [report] = summarize(database, experiment="try", target="ja")
    curve = [(row.layer, row.value) for row in report.rows if (row.view, row.method) == ("curve", "steered")]
    assert curve == [("0", 0.3), ("1", 0.16), ("final", 0.187)]
    assert report.find("steered", "top1", reference="ja").value == 0.3
    assert report.find("baseline", "top1", source="!ja", reference="!ja").value == 0.15
    assert report.find("steered", "perplexity", source="en", reference=None).value == 4.4


def test_budget_that_nothing_met_is_told(database):
    de, ja = summarize(database, experiment="try")
    assert ja.value("steered", "within_budget") == 1
    assert de.value("steered", "within_budget") == 0


def test_unknown_names_say_what_there_is(database):
    assert list_experiments(database) == ["try"]
    assert list_targets(database, "try") == ["de", "ja"]
    with pytest.raises(ArtifactError, match="no numbers of target 'jp'; it has de, ja"):
        summarize(database, experiment="try", target="jp")
    with pytest.raises(ArtifactError, match="'other' has no numbers yet; run `steer run other`"):
        summarize(database, experiment="other")


def test_what_was_not_measured_is_none_and_cost_1(tmp_path, metrics_rows):
    kept = [
        row
        for row in metrics_rows
        if row.intervention in ("none", "set") and (row.metric == "top1" or row.metric.startswith("chosen"))
    ]
    write_metrics(tmp_path / "m.parquet", kept)
    build_database([tmp_path / "m.parquet"], tmp_path / "m.duckdb")
    summary = summarize(tmp_path / "m.duckdb", experiment="try", target="ja")[0].summary
    absent = (
        summary.control,
        summary.centred,
        summary.surface,
        summary.ci_low,
        summary.p_value,
        summary.control_rank,
    )
    assert absent == (None,) * 6
    assert (summary.draws, summary.cost) == (0, 1.0)


def test_a_baseline_that_finds_nothing_has_no_ratio(tmp_path, metrics_rows):
    rows = [
        replace(row, value=0.0) if row.intervention == "none" and row.metric == "top1" else row
        for row in metrics_rows
    ]
    write_metrics(tmp_path / "m.parquet", rows)
    build_database([tmp_path / "m.parquet"], tmp_path / "m.duckdb")
    assert summarize(tmp_path / "m.duckdb", experiment="try", target="ja")[0].summary.ratio is None


def test_a_missing_number_names_the_step(tmp_path, metrics_rows):
    rows = [row for row in metrics_rows if row.intervention != "none"]
    write_metrics(tmp_path / "m.parquet", rows)
    build_database([tmp_path / "m.parquet"], tmp_path / "m.duckdb")
    with pytest.raises(ArtifactError, match=r"no top-1 of the baseline .*`steer evaluate try`"):
        summarize(tmp_path / "m.duckdb", experiment="try")
