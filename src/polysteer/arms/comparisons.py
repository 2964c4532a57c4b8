"""What was chosen in every sweep against the baseline, tested together."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from polysteer.arms.sweep import Sweep, Trial
from polysteer.evaluation.case import Case
from polysteer.metrics.choice import Choice
from polysteer.metrics.intervals import (
    ControlRank,
    Difference,
    adjust_holm,
    average_pairs,
    compare_paired,
    rank_among,
)
from polysteer.store.rows import MetricRow, Row, View
from polysteer.trials.judgement import load_judgement


class Comparison(NamedTuple):
    """What was chosen in one view, each at its layer of that view, and among the random draws."""

    row: MetricRow
    difference: Difference
    among: ControlRank | None


def list_comparisons(case: Case, sweeps: Sequence[Sweep]) -> Iterator[Row]:
    """Holm's correction runs over all trials of one view.

    In the view of the same layer the baseline stands there too, in the other at its own best. Random draws
    are read at the primary layer alone: in the other view there are none to stand among.
    """
    trials = [(sweep, trial) for sweep in sweeps for trial in sweep.list_trials(case.settings, case.targets)]
    same, best = [], []
    for sweep, trial in trials:
        choices = case.choices(trial.name)
        draws, plain = _list_draws(case, trial), case.plain.choices
        same.append(_compare(case, sweep, trial, choices.same_layer, plain.same_layer, draws))
        best.append(_compare(case, sweep, trial, choices.best_layer, plain.best_layer, ()))
    yield from _list_tests(same, "same_layer")
    yield from _list_tests(best, "best_layer")


def _list_draws(case: Case, trial: Trial) -> list[float]:
    paths = [case.layout.control(trial.name, n) for n in range(case.settings.evaluate.controls)]
    return [load_judgement(path).top1_by_layer()[case.primary] for path in paths]


def _compare(
    case: Case, sweep: Sweep, trial: Trial, choice: Choice, beside: Choice, draws: Sequence[float]
) -> Comparison:
    evaluate = case.settings.evaluate
    hits = case.read(trial.condition(choice.label), "test").retrieve(choice.layer).hits()
    before = case.plain.test.retrieve(beside.layer).hits()
    difference = compare_paired(hits, before, resamples=evaluate.resamples, seed=evaluate.seed)
    row = replace(sweep.describe(case, trial, choice.label), layer=choice.layer)
    return Comparison(row, difference, rank_among(average_pairs(hits), draws) if draws else None)


def _list_tests(comparisons: Sequence[Comparison], view: View) -> Iterator[Row]:
    adjusted = adjust_holm([one.difference.p_value for one in comparisons])
    for one, p_value_holm in zip(comparisons, adjusted, strict=True):
        row, (mean, low, high, n, p_value) = replace(one.row, view=view), one.difference
        yield replace(row, metric="top1_difference", value=mean, ci_low=low, ci_high=high, n=n)
        yield replace(row, metric="p_value", value=p_value, n=n)
        yield replace(row, metric="p_value_holm", value=p_value_holm, n=n)
        if one.among is not None:
            rank, n_draws, control_p_value = one.among
            yield replace(row, metric="control_rank", value=float(rank), n=n_draws)
            yield replace(row, metric="control_p_value", value=control_p_value, n=n_draws)
