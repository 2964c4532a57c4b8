"""How a model tells languages and meanings apart, layer by layer and over the checkpoints of its training."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from polysteer.errors import ArtifactError
from polysteer.metrics.names import (
    ABX_LANGUAGE,
    ABX_MEANING,
    CHANCE_SUFFIX,
    OVER_CHECKPOINTS_SUFFIX,
    PROBE_LANGUAGE,
    PROBE_TAG,
    PROBE_TOPIC,
    RANK_CORRELATION_SUFFIX,
    TAG_RANK_CORRELATION_SUFFIX,
)
from polysteer.report.data import Answer, Grid
from polysteer.report.units import write_interval, write_value
from polysteer.report.words import percent
from polysteer.store import query_database
from polysteer.store.rows import BASELINE, layer_depth

OWN = "main"  # what a model's own column is called where no revision of it is pinned
LAYERED = {
    ABX_LANGUAGE: "language ABX",
    ABX_MEANING: "meaning ABX",
    PROBE_LANGUAGE: "language probe",
    PROBE_TOPIC: "topic probe",
    PROBE_TAG: "tag probe",
    "top1": "top-1 retrieval",
}
CORRELATED = {
    ABX_LANGUAGE + RANK_CORRELATION_SUFFIX: "language ABX and language probe",
    ABX_MEANING + RANK_CORRELATION_SUFFIX: "meaning ABX and topic probe",
    ABX_LANGUAGE + TAG_RANK_CORRELATION_SUFFIX: "language ABX and tag probe",
    ABX_MEANING + TAG_RANK_CORRELATION_SUFFIX: "meaning ABX and tag probe",
}
CHANCE = {
    PROBE_LANGUAGE + CHANCE_SUFFIX: "language",
    PROBE_TOPIC + CHANCE_SUFFIX: "topic",
    PROBE_TAG + CHANCE_SUFFIX: "tag",
}
ALL_CHECKPOINTS = "all"
NOTE = (
    "Language ABX: how often a sentence lies nearer to another sentence of its language than to that "
    "sentence's translation. Meaning ABX: how often it lies nearer to its translation than to another "
    "sentence. Chance is 50 %. Plain model, test split, all ordered pairs of languages."
)
ROWS = f"""
    SELECT experiment, coalesce(revision, '{OWN}') AS revision, metric, layer, value, ci_low, ci_high, n
    FROM metrics
    WHERE experiment = $experiment AND intervention = '{BASELINE}' AND split = 'test'
      AND source = '*' AND reference = '*' AND list_contains($metrics, metric)"""

Records = Sequence[Mapping[str, Any]]


def has_study(database: Path, experiment: str) -> bool:
    """Whether ABX was measured."""
    return bool(_read(database, experiment, [ABX_LANGUAGE]))


def show_study(database: Path, experiment: str, checkpoints: Sequence[str] = ()) -> Answer:
    """Every layer of every checkpoint, checkpoints in the order given, the model itself last."""
    metrics = [*LAYERED, *CHANCE, *CORRELATED, *(name + OVER_CHECKPOINTS_SUFFIX for name in CORRELATED)]
    records = _read(database, experiment, metrics)
    if not any(record["metric"] == ABX_LANGUAGE for record in records):
        raise ArtifactError(
            f"experiment {experiment!r} has no ABX scores; put abx into its evaluate.families, then run "
            f"`steer run {experiment}`"
        )
    found = {str(record["revision"]) for record in records}
    revisions = sorted(found, key=lambda name: _place(name, checkpoints))
    layers = sorted({str(record["layer"]) for record in records if record["layer"]}, key=layer_depth)
    records = sorted(records, key=lambda one: _order(one, metrics, revisions))
    draw = _draw_checkpoints if len(revisions) > 1 else _draw_layers
    correlations = _draw_correlations(experiment, records, revisions)
    grids = [*draw(experiment, records, layers, revisions), *([correlations] if correlations.rows else [])]
    return Answer("study", NOTE + _tell_chance(records), tuple(grids), tuple(records))


def _tell_chance(records: Records) -> str:
    """What a probe that always says the commonest label would reach, the same at every layer."""
    shares = {CHANCE[one["metric"]]: percent(one["value"]) for one in records if one["metric"] in CHANCE}
    told = [f"the {name} of {share}" for name, share in shares.items()]
    return f" Guessing finds {', '.join(told[:-1])}{' and ' * (len(told) > 1)}{told[-1]}." if told else ""


def _read(database: Path, experiment: str, metrics: Sequence[str]) -> Records:
    return query_database(database, ROWS, {"experiment": experiment, "metrics": metrics}).records()


def _place(revision: str, checkpoints: Sequence[str]) -> tuple[int, str]:
    place = checkpoints.index(revision) if revision in checkpoints else len(checkpoints)
    return place, revision


def _order(
    record: Mapping[str, Any], metrics: Sequence[str], revisions: Sequence[str]
) -> tuple[int, int, float]:
    place = revisions.index(record["revision"])
    return metrics.index(record["metric"]), place, layer_depth(record["layer"])


def _draw_checkpoints(
    experiment: str, records: Records, layers: Sequence[str], revisions: Sequence[str]
) -> list[Grid]:
    """A table per metric: layers down, checkpoints across."""
    values = {(one["metric"], one["layer"], one["revision"]): one["value"] for one in records}
    return [
        Grid(
            f"{experiment}: {title} (%) by layer and checkpoint",
            ("layer", *revisions),
            tuple(
                (layer, *(write_value(metric, values.get((metric, layer, one))) for one in revisions))
                for layer in layers
            ),
        )
        for metric, title in LAYERED.items()
        if any(one["metric"] == metric for one in records)
    ]


def _draw_layers(
    experiment: str, records: Records, layers: Sequence[str], _revisions: Sequence[str]
) -> list[Grid]:
    """One model: one table, ABX with its intervals."""
    rows = {(one["metric"], one["layer"]): one for one in records}
    shown = [metric for metric in LAYERED if any(one["metric"] == metric for one in records)]
    header = ["layer"]
    lines = [[layer] for layer in layers]
    for metric in shown:
        with_interval = metric in (ABX_LANGUAGE, ABX_MEANING)
        header += [LAYERED[metric], "95 %"] if with_interval else [LAYERED[metric]]
        for line in lines:
            row = rows.get((metric, line[0]))
            line.append(write_value(metric, row["value"] if row else None))
            if with_interval:
                line.append(write_interval(metric, row["ci_low"], row["ci_high"]) if row else "-")
    return [Grid(f"{experiment}: by layer (%)", tuple(header), tuple(map(tuple, lines)))]


def _draw_correlations(experiment: str, records: Records, revisions: Sequence[str]) -> Grid:
    """A row per pair of measures, a column per checkpoint and one for all of them together."""
    several = len(revisions) > 1
    values = {(one["metric"], one["revision"]): one["value"] for one in records}
    together = {
        one["metric"].removesuffix(OVER_CHECKPOINTS_SUFFIX): one["value"]
        for one in records
        if one["metric"].endswith(OVER_CHECKPOINTS_SUFFIX)
    }
    measured = {one["metric"].removesuffix(OVER_CHECKPOINTS_SUFFIX) for one in records}
    lines = []
    for metric, title in CORRELATED.items():
        if metric in measured:
            cells = [values.get((metric, one)) for one in revisions] + [together.get(metric)] * several
            lines.append((title, *(write_value(metric, value) for value in cells)))
    header = ("over layers", *revisions, *([ALL_CHECKPOINTS] * several))
    return Grid(f"{experiment}: Spearman's rank correlation", header, tuple(lines))
