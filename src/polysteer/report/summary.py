"""Reading one experiment's answer out of the metrics database."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

from polysteer.errors import ArtifactError
from polysteer.layout import AT_EXPERT_VALUES, PERMUTED
from polysteer.report.data import Report, ReportRow, Summary
from polysteer.store import query_database
from polysteer.store.rows import (
    BASELINE,
    BEST_LAYER_SUFFIX,
    CENTRED,
    COMPARISONS,
    CONTRASTIVE,
    CONTROL,
    DRAWN,
    ERASED,
    EXPERT_JACCARD,
    HALVES_SUFFIX,
    MASK_AND_CENTRE,
    MASK_AND_ERASE,
    MEAN_DIFFERENCE,
    OTHER_MASKS,
    PROCRUSTES,
    RANDOM_SUBSPACE,
    RIVALS,
    SCORE_CORRELATION,
    SURFACE,
    TOP1_FROM_SENTENCES,
)

STEERED = "steered"
METHODS = {
    BASELINE: "baseline",
    CONTROL: "control",
    AT_EXPERT_VALUES: "control_at_expert_values",
    PERMUTED: "permuted",
    OTHER_MASKS: "other_masks",
    MASK_AND_CENTRE: "mask_and_centred",
    MASK_AND_ERASE: "mask_and_erased",
    MEAN_DIFFERENCE: "mean_difference",
    CENTRED: "centred",
    ERASED: "erased",
    RANDOM_SUBSPACE: "random_subspace",
    PROCRUSTES: "procrustes",
    CONTRASTIVE: "contrastive",
    SURFACE: "surface",
}

TARGETS = f"""
    SELECT DISTINCT target FROM chosen
    WHERE experiment = $experiment AND intervention NOT IN {RIVALS} ORDER BY target"""
RESULTS = """
    SELECT view, intervention, metric, source, reference, layer, k,
           value, ci_low, ci_high, n, candidates, within_budget
    FROM results
    WHERE experiment = $experiment AND (target = $target OR target IS NULL)
      AND (reference IS NULL OR list_contains(['*', $target, '!' || $target], source)
                            AND list_contains(['*', $target, '!' || $target], reference))
    ORDER BY view DESC, intervention, metric, source, reference, draw"""
CURVE = f"""
    SELECT CASE WHEN intervention IN {RIVALS} THEN intervention ELSE '{STEERED}' END AS method, layer, top1
    FROM by_layer
    WHERE experiment = $experiment AND (target = $target OR target IS NULL) AND layer IS NOT NULL
    ORDER BY method, depth"""

FEWER = """
    SELECT sentences, halves, top1, jaccard, correlation FROM efficiency
    WHERE experiment = $experiment AND target = $target ORDER BY sentences, halves"""


def list_experiments(database: Path) -> list[str]:
    """The experiments that have numbers."""
    found = query_database(database, "SELECT DISTINCT experiment FROM chosen ORDER BY experiment")
    return [str(name) for name in found.column("experiment")]


def list_targets(database: Path, experiment: str) -> list[str]:
    """The targets an experiment has numbers of."""
    found = query_database(database, TARGETS, {"experiment": experiment}).column("target")
    if not found:
        raise ArtifactError(f"experiment {experiment!r} has no numbers yet; run `steer run {experiment}`")
    return [str(target) for target in found]


def summarize(database: Path, *, experiment: str, target: str | None = None) -> Report:
    """The answer for one target, or for every target of the experiment."""
    targets = list_targets(database, experiment)
    if target is not None and target not in targets:
        raise ArtifactError(
            f"experiment {experiment!r} has no numbers of target {target!r}; it has {', '.join(targets)}"
        )
    asked = [target] if target is not None else targets
    return merge_reports(_summarize_target(database, experiment, name) for name in asked)


def merge_reports(reports: Iterable[Report]) -> Report:
    """Several reports as one, in their order."""
    parts = list(reports)
    return Report(
        tuple(summary for part in parts for summary in part.summaries),
        tuple(row for part in parts for row in part.rows),
    )


def _summarize_target(database: Path, experiment: str, target: str) -> Report:
    asked = {"experiment": experiment, "target": target}
    found = query_database(database, RESULTS, asked).records()
    kept = [named for record in found if (named := _name_for_view(record))]
    rows = [row for record in _summarize_draws(kept) for row in _make_rows(record, experiment, target)]
    rows += _make_curve(query_database(database, CURVE, asked).records(), experiment, target)
    rows += _make_efficiency(query_database(database, FEWER, asked).records(), experiment, target)
    n_draws = sum(
        record["intervention"] == CONTROL and record["view"] == "same_layer" and _is_headline(record)
        for record in kept
    )
    report = Report((), tuple(rows))
    return replace(report, summaries=(_pick_summary(report, experiment, target, n_draws),))


def _name_for_view(record: dict[str, Any]) -> dict[str, Any] | None:
    """The record with its comparison's name shortened, or None if that comparison is the other view's."""
    metric = str(record["metric"])
    plain = metric.removesuffix(BEST_LAYER_SUFFIX)
    if plain in COMPARISONS and (plain == metric) == (record["view"] == "best_layer"):
        return None
    return {**record, "metric": plain}


def _is_headline(record: dict[str, Any]) -> bool:
    return (record["metric"], record["source"], record["reference"]) == ("top1", "*", "*")


def _summarize_draws(records: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What was drawn as its mean and, for the headline, its best draw; everything else as it is."""
    for _, group in groupby(records, key=_what):
        draws = list(group)
        intervention = draws[0]["intervention"]
        method = METHODS.get(intervention, STEERED)
        if intervention not in DRAWN:
            yield from ({**record, "method": method} for record in draws)
            continue
        blank = {"layer": _common(draws, "layer"), "k": None, "ci_low": None, "ci_high": None}
        values = [record["value"] for record in draws]
        yield {**draws[0], **blank, "method": method, "value": sum(values) / len(values)}
        if _is_headline(draws[0]):
            yield {**max(draws, key=lambda record: record["value"]), "method": f"best_{method}"}


def _what(record: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(record[name] for name in ("view", "intervention", "metric", "source", "reference"))


def _common(records: list[dict[str, Any]], name: str) -> Any:
    values = {record[name] for record in records}
    return values.pop() if len(values) == 1 else None


def _make_rows(record: dict[str, Any], experiment: str, target: str) -> Iterator[ReportRow]:
    names = ("view", "method", "metric", "source", "reference", "layer", "k", "value")
    spread = ("ci_low", "ci_high", "n", "candidates")
    row = ReportRow(experiment=experiment, target=target, **{name: record[name] for name in names + spread})
    yield row
    if record["method"] == STEERED and _is_headline(record):
        within = float(record["within_budget"])
        yield replace(row, metric="within_budget", value=within, ci_low=None, ci_high=None, n=None)


def _make_curve(records: list[dict[str, Any]], experiment: str, target: str) -> Iterator[ReportRow]:
    for record in records:
        method = METHODS.get(record["method"], record["method"])
        row = _blank_row(experiment, target, "curve", method, "top1", record["top1"])
        yield replace(row, layer=record["layer"])


def _blank_row(
    experiment: str, target: str, view: str, method: str, metric: str, value: float, *, n: int | None = None
) -> ReportRow:
    """A mean over all pairs without an interval."""
    return ReportRow(
        experiment=experiment,
        target=target,
        view=view,
        method=method,
        metric=metric,
        source="*",
        reference="*",
        layer=None,
        k=None,
        value=value,
        ci_low=None,
        ci_high=None,
        n=n,
        candidates=None,
    )


def _make_efficiency(records: list[dict[str, Any]], experiment: str, target: str) -> Iterator[ReportRow]:
    """Means over draws; `n` is the sentences per language that experts were found on."""
    for record in records:
        suffix = HALVES_SUFFIX if record["halves"] else ""
        found = {
            TOP1_FROM_SENTENCES: record["top1"],
            f"{EXPERT_JACCARD}{suffix}": record["jaccard"],
            f"{SCORE_CORRELATION}{suffix}": record["correlation"],
        }
        for metric, value in found.items():
            if value is not None:
                yield _blank_row(
                    experiment, target, "efficiency", STEERED, metric, value, n=record["sentences"]
                )


def _pick_summary(report: Report, experiment: str, target: str, n_draws: int) -> Summary:
    baseline = report.find(target, "baseline", "top1")
    steered = report.find(target, STEERED, "top1")
    if baseline is None or steered is None:
        missing = "baseline" if baseline is None else "steered run"
        raise ArtifactError(
            f"experiment {experiment!r} has no top-1 of the {missing} for target {target!r} on test; "
            f"run `steer evaluate {experiment}` again"
        )
    difference = report.find(target, STEERED, "top1_difference")
    rank = report.value(target, STEERED, "control_rank")
    cost = report.value(target, STEERED, "cost")
    return Summary(
        target=target,
        experiment=experiment,
        layer=steered.layer,
        k=steered.k,
        candidates=steered.candidates,
        baseline=baseline.value,
        steered=steered.value,
        control=report.value(target, "control", "top1"),
        centred=report.value(target, "centred", "top1"),
        surface=report.value(target, "surface", "top1"),
        ratio=steered.value / baseline.value if baseline.value else None,
        ci_low=difference.ci_low if difference else None,
        ci_high=difference.ci_high if difference else None,
        p_value=report.value(target, STEERED, "p_value"),
        control_rank=None if rank is None else int(rank),
        draws=n_draws,
        cost=1.0 if cost is None else cost,
    )
