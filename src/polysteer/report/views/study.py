"""`--study`: how a model tells languages and meanings apart, by layer and over its checkpoints."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from polysteer.errors import ArtifactError
from polysteer.grid import Grid
from polysteer.layout import BASELINE
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
from polysteer.report.answer import Answer, Record, explain
from polysteer.report.digits import percent, write_interval, write_value
from polysteer.report.grids import grid_layers, keep_told
from polysteer.report.question import Question, View
from polysteer.store import query_database
from polysteer.store.rows import layer_depth

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
METRICS = (*LAYERED, *CHANCE, *CORRELATED, *(name + OVER_CHECKPOINTS_SUFFIX for name in CORRELATED))
ALL_CHECKPOINTS = "all"
NOTE = (
    "Language ABX: how often a sentence lies nearer to another sentence of its language than to that "
    "sentence's translation. Meaning ABX: how often it lies nearer to its translation than to another "
    "sentence. Chance is 50 %. Plain model, test split, all ordered pairs of languages."
)
ROWS = f"""
    SELECT experiment, coalesce(revision, '{OWN}') AS revision, metric, layer, value, ci_low, ci_high, n
    FROM metrics
    WHERE experiment = $experiment AND arm = '{BASELINE}' AND split = 'test'
      AND source = '*' AND reference = '*' AND list_contains($metrics, metric)"""

Records = Sequence[Record]


def show_study(question: Question) -> Answer:
    """Every layer of every checkpoint."""
    grids: list[Grid] = []
    records: list[Record] = []
    for experiment in question.experiments:
        found, revisions = _read_experiment(question, experiment)
        draw = _grid_checkpoints if len(revisions) > 1 else _grid_model
        grids += [*draw(experiment, found), _grid_correlations(experiment, found, revisions)]
        records += found
    first = [record for record in records if record["experiment"] == question.experiments[0]]
    return explain("study", NOTE + _tell_chance(first), keep_told(*grids), records)


def has_study(database: Path, experiment: str) -> bool:
    """Whether ABX was measured."""
    return bool(_read(database, experiment, [ABX_LANGUAGE]))


def _read_experiment(question: Question, experiment: str) -> tuple[Records, list[str]]:
    """The records, and its checkpoints in the order of the file, the model itself last."""
    records = _read(question.database, experiment, METRICS)
    if not any(record["metric"] == ABX_LANGUAGE for record in records):
        raise ArtifactError(
            f"experiment {experiment!r} has no ABX scores; put abx into its evaluate.families, then run "
            f"`steer run {experiment}`"
        )
    measured = {record["revision"] for record in records}
    known = [name for name in question.checkpoints.get(experiment, ()) if name in measured]
    revisions = [*known, *sorted(measured.difference(known))]
    return sorted(records, key=lambda one: _order(one, revisions)), revisions


def _tell_chance(records: Records) -> str:
    """What a probe that always says the commonest label would reach, the same at every layer."""
    shares = {CHANCE[one["metric"]]: percent(one["value"]) for one in records if one["metric"] in CHANCE}
    told = [f"the {name} of {share}" for name, share in shares.items()]
    return f" Guessing finds {', '.join(told[:-1])}{' and ' * (len(told) > 1)}{told[-1]}." if told else ""


def _read(database: Path, experiment: str, metrics: Iterable[str]) -> Records:
    asked = {"experiment": experiment, "metrics": [*metrics]}
    return query_database(database, ROWS, asked).records()


def _order(record: Record, revisions: Sequence[str]) -> tuple[int, int, float]:
    place = revisions.index(record["revision"])
    return METRICS.index(record["metric"]), place, layer_depth(record["layer"])


def _grid_checkpoints(experiment: str, records: Records) -> list[Grid]:
    """A table per metric: layers down, checkpoints across."""
    grids = []
    for metric, title in LAYERED.items():
        by_checkpoint: dict[str, dict[str, float]] = {}
        for one in records:
            if one["metric"] == metric:
                by_checkpoint.setdefault(one["revision"], {})[one["layer"]] = one["value"]
        grids.append(grid_layers(f"{experiment}: {title} (%) by layer and checkpoint", by_checkpoint, metric))
    return grids


def _grid_model(experiment: str, records: Records) -> list[Grid]:
    """One model: one table, ABX with its intervals."""
    layers = sorted({one["layer"] for one in records if one["layer"]}, key=layer_depth)
    columns: list[tuple[str, Sequence[str]]] = [("layer", layers)]
    for metric, title in LAYERED.items():
        rows = {one["layer"]: one for one in records if one["metric"] == metric}
        if rows:
            found = [rows.get(layer, {}) for layer in layers]
            columns.append((title, [write_value(metric, one.get("value")) for one in found]))
        if rows and metric in (ABX_LANGUAGE, ABX_MEANING):
            ends = ((one.get("ci_low"), one.get("ci_high")) for one in found)
            columns.append(("95 %", [write_interval(metric, *pair) for pair in ends]))
    titles, cells = zip(*columns, strict=True)
    return [Grid(f"{experiment}: by layer (%)", titles, tuple(zip(*cells, strict=True)))]


def _grid_correlations(experiment: str, records: Records, revisions: Sequence[str]) -> Grid:
    """A row per pair of measures, a column per checkpoint and one for all of them together."""
    values = {}
    for one in records:
        metric = one["metric"].removesuffix(OVER_CHECKPOINTS_SUFFIX)
        values[metric, one["revision"] if metric == one["metric"] else ALL_CHECKPOINTS] = one["value"]
    measured = {metric for metric, _ in values}
    columns = [*revisions, *([ALL_CHECKPOINTS] if len(revisions) > 1 else [])]
    lines = tuple(
        (title, *(write_value(metric, values.get((metric, column))) for column in columns))
        for metric, title in CORRELATED.items()
        if metric in measured
    )
    return Grid(f"{experiment}: Spearman's rank correlation", ("over layers", *columns), lines)


VIEW = View("--study", show_study, takes=(), of="is of the plain model at every layer", has=has_study)
