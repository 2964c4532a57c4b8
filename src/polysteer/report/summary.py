"""One experiment's answer: a summary for each target, and every number behind it."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from polysteer.errors import ArtifactError
from polysteer.report.data import Report, Summary
from polysteer.report.methods import ERASED_INSIDE, STEERED, SUBSPACE_CONTROL
from polysteer.report.reading import (
    check_target,
    count_draws,
    list_experiments,
    list_targets,
    read_curve,
    read_efficiency,
    read_results,
    read_swept,
)


def summarize(database: Path, *, experiment: str, target: str | None = None) -> Report:
    """The answer for one target, or for every target of the experiment; of what has none, of erasing."""
    asked: list[str | None] = [target]
    if target is not None:
        check_target(database, experiment, target)
    elif targets := list_targets(database, experiment):
        asked = [*targets]
    elif experiment not in list_experiments(database):
        asked = []
    return merge_reports(_summarize_target(database, experiment, name) for name in asked)


def merge_reports(reports: Iterable[Report]) -> Report:
    """Several reports as one, in their order."""
    parts = list(reports)
    return Report(
        tuple(summary for part in parts for summary in part.summaries),
        tuple(row for part in parts for row in part.rows),
        tuple(one for part in parts for one in part.swept),
    )


def _summarize_target(database: Path, experiment: str, target: str | None) -> Report:
    rows = read_results(database, experiment, target) + read_curve(database, experiment, target, "top1")
    rows += read_efficiency(database, experiment, target)
    report = Report((), tuple(rows), read_swept(database, experiment, target))
    n_draws = count_draws(database, experiment, target)
    return replace(report, summaries=(_pick_summary(report, experiment, target, n_draws),))


def _pick_summary(report: Report, experiment: str, target: str | None, n_draws: int) -> Summary:
    method, control = (STEERED, "control") if target is not None else (ERASED_INSIDE, SUBSPACE_CONTROL)
    baseline = report.find(target, "baseline", "top1")
    steered = report.find(target, method, "top1")
    if baseline is None or steered is None:
        missing = "baseline" if baseline is None else "steered run"
        raise ArtifactError(
            f"experiment {experiment!r} has no top-1 of the {missing} for target {target!r} on test; "
            f"run `steer evaluate {experiment}` again"
        )
    difference = report.find(target, method, "top1_difference")
    rank = report.value(target, method, "control_rank")
    cost = report.value(target, method, "cost")
    return Summary(
        target=target,
        experiment=experiment,
        layer=steered.layer,
        k=steered.k,
        candidates=steered.candidates,
        baseline=baseline.value,
        steered=steered.value,
        control=report.value(target, control, "top1"),
        centred=report.value(target, "centred", "top1"),
        surface=report.value(target, "surface", "top1"),
        ratio=steered.value / baseline.value if baseline.value else None,
        ci_low=difference.ci_low if difference else None,
        ci_high=difference.ci_high if difference else None,
        p_value=report.value(target, method, "p_value"),
        control_rank=None if rank is None else int(rank),
        draws=n_draws,
        cost=1.0 if cost is None else cost,
    )
