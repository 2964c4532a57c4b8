"""What the report reads out of the database, against the rows that `evaluate` wrote."""

from dataclasses import fields, replace
from statistics import fmean

import pytest

from polysteer.errors import ArtifactError
from polysteer.report import Summary, summarize
from polysteer.report.contents import list_experiments, list_targets

CONTRACT = """
    target experiment layer k candidates baseline steered control centred surface ratio
    ci_low ci_high p_value control_rank draws cost
"""


def test_summary_has_the_contracts_keys_in_order():
    assert [field.name for field in fields(Summary)] == CONTRACT.split()


@pytest.mark.parametrize("target", ["de", "ja"])
def test_summary_of_a_target(database, stored, target):
    summary = summarize(database, experiment="tiny", target=target)[0].summary
    baseline, steered = stored.pick("top1", "baseline"), stored.pick("top1", "mask", target)
    difference = stored.pick("top1_difference", "mask", target)
    draws = stored.list_picked("top1", "random_neurons", target)
    assert len(draws) == 3
    assert summary == Summary(
        target=target,
        experiment="tiny",
        layer="final",
        k=steered["k"],
        candidates=16,
        baseline=baseline["value"],
        steered=steered["value"],
        control=pytest.approx(fmean(draw["value"] for draw in draws)),
        centred=stored.pick("top1", "centred")["value"],
        surface=stored.pick("top1", "surface")["value"],
        ratio=pytest.approx(steered["value"] / baseline["value"]),
        ci_low=difference["ci_low"],
        ci_high=difference["ci_high"],
        p_value=stored.pick("p_value", "mask", target)["value"],
        control_rank=1 + sum(draw["value"] >= steered["value"] for draw in draws),
        draws=3,
        cost=stored.pick("cost", "mask", target)["value"],
    )


def test_every_target_without_being_asked(database):
    found = summarize(database, experiment="tiny")
    assert [one.summary.target for one in found] == ["de", "ja"]
    assert [{row.target for row in one.rows} for one in found] == [{"de"}, {"ja"}]


def test_views_keep_their_own_configuration_and_comparison(database, stored):
    [headline] = summarize(database, experiment="tiny", target="ja")
    for view in ("same_layer", "best_layer"):
        found, row = headline.find("mask", "top1", view=view), stored.pick("top1", "mask", "ja", view=view)
        assert (found.k, found.layer, found.value) == (row["k"], row["layer"], row["value"])
        for metric in ("cost", "top1_difference", "p_value"):
            row = stored.pick(metric, "mask", "ja", view=view)
            found = headline.find("mask", metric, view=view)
            assert (found.value, found.ci_low) == (row["value"], row["ci_low"])
    assert len(stored.find(experiment="tiny", target="ja", metric="p_value")) == 2


def test_rivals_stand_beside(database, stored):
    [headline] = summarize(database, experiment="tiny", target="ja")
    assert headline.value("mean_difference", "top1") == stored.pick("top1", "mean_difference", "ja")["value"]
    best = max(row["value"] for row in stored.list_picked("top1", "random_neurons", "ja"))
    assert headline.value("best_random", "top1") == best
    centred = stored.pick("top1", "centred", view="best_layer")
    found = headline.find("centred", "top1", view="best_layer")
    assert (found.layer, found.value) == (centred["layer"], centred["value"])


def test_other_controls_are_shown_as_the_mean_of_their_draws(database, stored):
    [headline] = summarize(database, experiment="tiny", target="ja")
    for name in ("permuted", "random_at_expert_values"):
        assert len(stored.list_picked("top1", name, "ja")) > 1
        assert headline.value(name, "top1") == pytest.approx(stored.mean("top1", name, "ja"))


def test_every_number_of_sentences_is_a_row(rebuild):
    def add_fewer(rows):
        like = next(row for row in rows if row.arm == "mask" and row.target == "ja")
        like = replace(like, ci_low=None, ci_high=None, candidates=None, source="*", reference="*")
        return rows + [
            replace(like, metric=metric, draw=draw, n=50, value=value, split=split, layer=None)
            for draw in (0, 1)
            for metric, value, split in (
                ("top1_from_sentences", 0.1 + draw / 10, "test"),
                ("expert_jaccard", 0.5, "find"),
                ("score_correlation_halves", 0.25 + draw / 2, "find"),
            )
        ]

    de, ja = summarize(rebuild(change=add_fewer), experiment="tiny")
    found = {row.metric: (row.n, row.value) for row in ja.rows if row.view == "efficiency"}
    assert found == {
        "top1_from_sentences": (50, pytest.approx(0.15)),
        "expert_jaccard": (50, 0.5),
        "score_correlation_halves": (50, 0.5),
    }
    assert not [row for row in de.rows if row.view == "efficiency"]


def test_curve_directions_and_perplexity(database, stored):
    [headline] = summarize(database, experiment="tiny", target="ja")
    layers = ("0", "1", "2", "3", "final")
    curve = {layer: stored.pick("top1", "mask", "ja", layer=layer)["value"] for layer in layers}
    assert headline.find_by_layer("top1", "mask") == curve
    for arm, target in (("mask", "ja"), ("baseline", None)):
        for ends in (("*", "ja"), ("ja", "*"), ("!ja", "!ja")):
            found = headline.find(arm, "top1", source=ends[0], reference=ends[1])
            assert found.value == stored.pick("top1", arm, target, ends=ends)["value"]
        by_language = {
            language: stored.pick("perplexity", arm, target, ends=(language, None))["value"]
            for language in ("de", "en", "ja")
        }
        assert headline.find_by_language("perplexity", "same_layer", arm) == by_language


def test_budget_that_nothing_met_is_told(rebuild):
    def go_over(choices):
        return [
            choice._replace(within_budget=(choice.of.arm, choice.of.target) != ("mask", "de"))
            for choice in choices
        ]

    de, ja = summarize(rebuild(choose=go_over), experiment="tiny")
    assert ja.value("mask", "within_budget") == 1
    assert de.value("mask", "within_budget") == 0


def test_unknown_names_say_what_there_is(database):
    assert list_experiments(database) == ["other", "tiny"]
    assert list_experiments(database, steered=False) == ["other", "plain", "tiny"]
    assert list_targets(database, "tiny") == ["de", "ja"]
    with pytest.raises(ArtifactError, match="no numbers of target 'jp'; it has de, ja"):
        summarize(database, experiment="tiny", target="jp")
    with pytest.raises(ArtifactError, match="'later' has no numbers yet; run `steer run later`"):
        summarize(database, experiment="later")
    assert summarize(database, experiment="plain") == []


def test_what_was_not_measured_is_none_and_cost_1(rebuild):
    def keep_top1(rows):
        return [row for row in rows if row.arm in ("baseline", "mask") and row.metric == "top1"]

    summary = summarize(rebuild(change=keep_top1), experiment="tiny", target="ja")[0].summary
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


def test_a_baseline_that_finds_nothing_has_no_ratio(rebuild):
    def find_nothing(rows):
        return [
            replace(row, value=0.0) if row.arm == "baseline" and row.metric == "top1" else row for row in rows
        ]

    found = summarize(rebuild(change=find_nothing), experiment="tiny", target="ja")
    assert [one.summary.ratio for one in found] == [None]


def test_a_missing_number_names_the_step(rebuild):
    def lose_baseline(rows):
        return [row for row in rows if row.arm != "baseline"]

    with pytest.raises(ArtifactError, match=r"no top-1 of the baseline .*`steer evaluate tiny`"):
        summarize(rebuild(change=lose_baseline), experiment="tiny")
