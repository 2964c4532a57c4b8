"""The sentences say what the numbers say, and only that: on headlines made by hand."""

from dataclasses import replace

import pytest

from polysteer.report import Headline, Summary
from polysteer.report.digits import number
from polysteer.report.measured import ReportRow
from polysteer.report.sentences import list_sentences, tell_briefly
from polysteer.report.summarizing import Swept

SUMMARY = Summary(
    target="ja",
    experiment="try",
    layer="final",
    k=0.2,
    candidates=500,
    baseline=0.125,
    steered=0.187,
    control=0.11,
    centred=0.336,
    surface=0.22,
    ratio=0.187 / 0.125,
    ci_low=0.052,
    ci_high=0.072,
    p_value=0.0001,
    control_rank=1,
    draws=39,
    cost=1.25,
)
LOSS = replace(SUMMARY, steered=0.08, ci_low=-0.06, ci_high=-0.03)


def make_row(arm: str, metric: str, value: float, **more) -> ReportRow:
    known = {"experiment": "try", "target": "ja", "view": "same_layer", "source": "*", "reference": "*"}
    unknown = dict.fromkeys(("layer", "k", "ci_low", "ci_high", "n", "candidates"))
    return ReportRow(arm=arm, metric=metric, value=value, **known | unknown | more)


ROWS = (
    make_row("mask", "p_value_holm", 0.0002),
    make_row("mask", "cost", 1.25),
    make_row("mean_difference", "top1", 0.15),
    make_row("centred", "top1", 0.336),
    make_row("surface", "top1", 0.22),
    make_row("baseline", "perplexity", 6.0, source="ja", reference=None),
    make_row("mask", "perplexity", 7.5, source="ja", reference=None),
    make_row("baseline", "top1", 0.19, view="best_layer", layer="1"),
    make_row("mask", "top1", 0.18, view="best_layer", layer="1"),
)
GAIN = Headline(ROWS, SUMMARY)


def tell(headline: Headline) -> str:
    return " ".join(list_sentences(headline))


def add(*rows: ReportRow) -> str:
    return tell(replace(GAIN, rows=(*ROWS, *rows)))


def change(**facts) -> str:
    return tell(replace(GAIN, summary=replace(SUMMARY, **facts)))


def test_a_gain_beyond_the_controls():
    words = tell(GAIN)
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


def test_no_gain_over_budget_and_controls_as_good():
    rows = (*ROWS[1:], make_row("mask", "within_budget", 0.0))
    summary = replace(SUMMARY, p_value=0.4, ci_low=-0.005, control_rank=6)
    words = tell(Headline(rows, summary))
    for said in (
        "Steering to ja makes no difference this test can see",
        "5 of 39 draws do at least as well (p = 0.15): this is not the experts' own.",
        "no candidate kept to the budget on dev, so the cheapest was taken.",
    ):
        assert said in words


def test_a_loss_is_called_one():
    words = tell(replace(GAIN, summary=LOSS))
    assert "Steering to ja hurts" in words
    assert "-4.5 points" in words


def test_significance_is_judged_after_holm():
    rows = tuple(replace(row, value=0.06) if row.metric == "p_value_holm" else row for row in ROWS)
    assert "makes no difference" in tell(replace(GAIN, rows=rows))


def test_what_was_not_tested_says_so():
    assert "was not tested against the baseline: mean top-1" in change(ci_low=None, ci_high=None)


def test_few_draws_and_none():
    assert "(rank 1, p = 0.17; a headline needs 39 draws or more)" in change(draws=5)
    assert "No random control was drawn" in change(draws=0, control=None, control_rank=None)


def test_controls_that_keep_the_values_are_told_and_flagged():
    assert "On average," not in tell(GAIN)
    assert (
        "On average, random neurons held at the experts' values 15.0 %; the experts with their values "
        "permuted 18.7 % (as much as the mask)."
    ) in add(
        make_row("permuted", "top1", 0.187),
        make_row("random_at_expert_values", "top1", 0.15),
    )


def test_languages_that_took_no_part_in_fitting_are_told():
    between = {"source": "unseen", "reference": "unseen"}
    found = (("baseline", 0.1), ("erased", 0.2), ("erase", 0.3))
    assert (
        "Between languages that took no part in fitting the subspace: 10.0 % as they are, 20.0 % erased in "
        "finished embeddings, 30.0 % erased inside the model."
    ) in add(*(make_row(arm, "top1", value, **between) for arm, value in found))


def test_what_dev_chose_of_several_is_told():
    swept = Swept("attn.out+mlp.hidden", "max", "add", 0.5)
    said = ", by add, at strength 0.5, experts in attn.out and mlp.hidden, responses pooled by max;"
    assert said in tell(replace(GAIN, swept=swept))


def test_an_undefined_cost_is_said():
    rows = tuple(row for row in ROWS if row.metric != "cost")
    assert "not defined here and counts as 1" in tell(replace(GAIN, rows=rows))


def test_one_line_per_target():
    assert tell_briefly(GAIN) == (
        "ja: steering helps; none of 39 random draws did as well; centring per language does better."
    )
    beaten = Headline((), replace(LOSS, control_rank=6, centred=0.01))
    assert tell_briefly(beaten) == "ja: steering hurts; 5 of 39 random draws did as well."


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
