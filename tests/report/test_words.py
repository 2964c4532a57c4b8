"""The sentences say what the numbers say, and only that."""

import csv
import io
import json
from dataclasses import replace

import pytest

from polysteer.report import Origins, Report, summarize, tell_report, to_csv, to_json, to_markdown
from polysteer.report.words import number, tell_briefly

UNKNOWN = Origins((), ())


def test_a_gain_beyond_the_controls(database):
    words = tell_report(summarize(database, experiment="try", target="ja"))
    for said in (
        "Steering to ja helps: mean top-1 over all pairs at the last layer goes from 12.5 % to 18.7 % ",
        "(x1.50) ",
        "among 500 candidates, k = 0.2",
        "+6.2 points, 95 % interval +5.2 to +7.2, p = 0.0001, 0.0002 after Holm's correction.",
        "give 11.0 % on average and no draw of 39 does as well (rank 1, p = 0.0250).",
        "subtracting each language's mean, which needs every sentence's language: 33.6 % (more than the mask",
        "adding the mean difference vector: 15.0 %;",
        "character n-grams without any model: 22.0 % (more than the mask).",
        "It costs 1.25 times the perplexity (on ja text from 6.00 to 7.50).",
        "chosen on dev: baseline 19.0 % (layer 1), mask 18.0 % (layer 1).",
    ):
        assert said in words


def test_no_gain_over_budget_and_controls_as_good(database):
    words = tell_report(summarize(database, experiment="try", target="de"))
    for said in (
        "Steering to de makes no difference this test can see",
        "5 of 39 draws do at least as well (p = 0.15): this is not the experts' own.",
        "no candidate kept to the budget on dev, so the cheapest was taken.",
    ):
        assert said in words


def test_a_loss_is_called_one(database):
    report = summarize(database, experiment="try", target="ja")
    worse = replace(report.summaries[0], steered=0.08, ci_low=-0.06, ci_high=-0.03)
    report = replace(report, summaries=(worse,))
    assert "Steering to ja hurts" in tell_report(report)
    assert "-4.5 points" in tell_report(report)


def test_significance_is_judged_after_holm(database):
    report = summarize(database, experiment="try", target="ja")
    rows = tuple(replace(row, value=0.06) if row.metric == "p_value_holm" else row for row in report.rows)
    assert "makes no difference" in tell_report(replace(report, rows=rows))


def test_few_draws_and_none(database):
    report = summarize(database, experiment="try", target="ja")
    few = replace(report, summaries=(replace(report.summaries[0], draws=5),))
    assert "(rank 1, p = 0.17; a headline needs 39 draws or more)" in tell_report(few)
    none = replace(
        report, summaries=(replace(report.summaries[0], draws=0, control=None, control_rank=None),)
    )
    assert "No random control was drawn" in tell_report(none)


def test_controls_that_keep_the_values_are_told_and_flagged(database):
    report = summarize(database, experiment="try", target="ja")
    control = report.find("ja", "control", "top1")
    others = (
        replace(control, method="random_at_expert_values", value=0.15),
        replace(control, method="permuted", value=0.187),
    )
    assert "On average," not in tell_report(report)
    assert (
        "On average, random neurons held at the experts' values 15.0 %; the experts with their values "
        "permuted 18.7 % (as much as the mask)."
    ) in tell_report(Report(report.summaries, (*report.rows, *others)))


def test_an_undefined_cost_is_said(database):
    report = summarize(database, experiment="try", target="ja")
    rows = tuple(row for row in report.rows if row.metric != "cost")
    assert "not defined here and counts as 1" in tell_report(Report(report.summaries, rows))


def test_one_line_per_target(database):
    report = summarize(database, experiment="try")
    assert [tell_briefly(report, summary) for summary in report.summaries] == [
        "de: steering makes no difference this test can see; 5 of 39 random draws did as well; "
        "centring per language does better.",
        "ja: steering helps; none of 39 random draws did as well; centring per language does better.",
    ]


def test_json_has_summary_then_rows(database):
    single = json.loads(to_json(summarize(database, experiment="try", target="ja"), UNKNOWN))
    assert list(single) == ["summary", "summaries", "stale", "experiments", "rows"]
    assert single["summaries"] == [single["summary"]]
    assert single["summary"]["steered"] == 0.187
    several = json.loads(to_json(summarize(database, experiment="try"), UNKNOWN))
    assert [summary["target"] for summary in several["summaries"]] == ["de", "ja"]
    assert several["summary"] is None


def test_json_has_no_infinity(database):
    report = summarize(database, experiment="try", target="ja")
    broken = replace(report, summaries=(replace(report.summaries[0], cost=float("inf")),))
    told = json.loads(to_json(broken, UNKNOWN), parse_constant=lambda name: name)
    assert told["summary"]["cost"] is None


def test_csv_has_every_row(database):
    report = summarize(database, experiment="try", target="ja")
    found = list(csv.DictReader(io.StringIO(to_csv(report))))
    assert len(found) == len(report.rows)
    assert float(found[0]["value"]) == report.rows[0].value


def test_markdown_is_a_table_and_words(database):
    lines = to_markdown(summarize(database, experiment="try")).splitlines()
    assert len({line.count("|") for line in lines[:4]}) == 1
    assert lines[3].startswith("| ja | 12.5 % | 18.7 % | x1.50 | +5.2 to +7.2 | 0.0001 | 11.0 % | 1 of 40 |")
    assert any(line.startswith("Steering to ja helps") for line in lines)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (1.0, "1.00"),
        (1.004, "1.00"),
        (0.5, "0.500"),
        (33.6, "33.6"),
        (999.0, "999"),
        (999.7, "1,000"),
        (1e7, "10,000,000"),
        (2.5e12, "2.50e+12"),
    ],
)
def test_a_measured_number_has_three_digits_and_no_needless_exponent(value, text):
    assert number(value) == text
