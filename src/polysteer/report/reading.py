"""Reading the rows of a report out of the metrics database: what was picked on dev, as it did on test."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

from polysteer.errors import ArtifactError
from polysteer.metrics.names import (
    BEST_LAYER_SUFFIX,
    COMPARISONS,
    EXPERT_JACCARD,
    HALVES_SUFFIX,
    SCORE_CORRELATION,
    SEEN,
    TOP1_FROM_SENTENCES,
    UNSEEN,
)
from polysteer.report.data import ReportRow, Swept
from polysteer.report.methods import BEST_CONTROL, ERASED_INSIDE, STEERED, identify_method
from polysteer.store import query_database
from polysteer.store.rows import CONTROL, RANDOM_SUBSPACE, layer_depth
from polysteer.store.views import ACTS_IN_MODEL, IS_STEERED, SAME_CONFIGURATION

EXPERIMENTS = "SELECT DISTINCT experiment FROM metrics ORDER BY experiment"
STEERED_EXPERIMENTS = f"SELECT DISTINCT experiment FROM chosen m WHERE {ACTS_IN_MODEL} ORDER BY experiment"
TARGETS = f"""
    SELECT DISTINCT target FROM chosen m WHERE experiment = $experiment AND {IS_STEERED} ORDER BY target"""
METRICS = """
    SELECT DISTINCT metric FROM metrics WHERE experiment = $experiment AND split = 'test' ORDER BY metric"""
LAYERS = """
    SELECT DISTINCT layer FROM metrics
    WHERE experiment = $experiment AND metric = $metric AND split = 'test' AND layer IS NOT NULL"""
COLUMNS = """
    m.intervention, m.revision, m.target, m.metric, m.source, m.reference, m.layer, m.k, m.draw,
    m.embedding_pooling, m.value, m.ci_low, m.ci_high, m.n, m.candidates"""
ENDS = f"['*', '{SEEN}', '{UNSEEN}', $target, '!' || $target]"
ASKED = f"""
    m.experiment = $experiment AND (m.target = $target OR m.target IS NULL)
      AND (m.reference IS NULL OR list_contains({ENDS}, m.source) AND list_contains({ENDS}, m.reference))"""
# What draws have in common that become one number.
SAME = ("view", "intervention", "revision", "embedding_pooling", "metric", "source", "reference")
ORDER = f"ORDER BY view DESC, {', '.join(SAME[1:])}, draw"
RESULTS = f"SELECT view, within_budget, {COLUMNS} FROM results m WHERE {ASKED} {ORDER}"
AT_LAYER = f"""
    SELECT 'at_layer' AS view, within_budget, {COLUMNS}
    FROM chosen c JOIN metrics m ON {SAME_CONFIGURATION}
    WHERE c.view = 'same_layer' AND m.split = 'test' AND m.layer = $layer AND {ASKED} {ORDER}"""
DRAWS = """
    SELECT count(*) FROM headline
    WHERE experiment = $experiment AND target IS NOT DISTINCT FROM $target
      AND intervention = $control AND view = 'same_layer'"""
CURVE = """
    SELECT m.intervention, m.revision, m.embedding_pooling, m.target, m.metric, m.layer, m.value
    FROM by_layer m
    WHERE m.experiment = $experiment AND (m.target = $target OR m.target IS NULL) AND m.metric = $metric
    ORDER BY m.intervention, m.revision, m.embedding_pooling, m.depth"""
SWEPT = f"""
    WITH counted AS (
        SELECT count(DISTINCT sites) AS n_sites, count(DISTINCT response_pooling) AS n_poolings,
               count(DISTINCT intervention) AS n_interventions, count(DISTINCT strength) AS n_strengths
        FROM front WHERE experiment = $experiment AND target = $target)
    SELECT m.experiment, m.target, CASE WHEN n_sites > 1 THEN m.sites END AS sites,
           CASE WHEN n_poolings > 1 THEN m.response_pooling END AS response_pooling,
           CASE WHEN n_interventions > 1 THEN m.intervention END AS intervention,
           CASE WHEN n_strengths > 1 THEN m.strength END AS strength
    FROM chosen m, counted
    WHERE m.experiment = $experiment AND m.target = $target AND m.view = 'same_layer' AND {IS_STEERED}
      AND greatest(n_sites, n_poolings, n_interventions, n_strengths) > 1"""

FEWER = """
    SELECT sentences, halves, top1, jaccard, correlation FROM efficiency
    WHERE experiment = $experiment AND target = $target ORDER BY sentences, halves"""


def list_experiments(database: Path, *, steered: bool = True) -> list[str]:
    """The experiments with numbers; unless told otherwise, those that steered something."""
    found = query_database(database, STEERED_EXPERIMENTS if steered else EXPERIMENTS).column("experiment")
    return [str(name) for name in found]


def list_targets(database: Path, experiment: str) -> list[str]:
    """The targets an experiment has numbers of; none where it measures a model without steering it."""
    found = query_database(database, TARGETS, {"experiment": experiment}).column("target")
    if not found and not list_metrics(database, experiment):
        raise ArtifactError(f"experiment {experiment!r} has no numbers yet; run `steer run {experiment}`")
    return [str(target) for target in found]


def list_asked(database: Path, experiment: str, target: str | None) -> Sequence[str | None]:
    """The one target that is asked about, or all; None alone where the experiment has none."""
    return [target] if target is not None else list_targets(database, experiment) or [None]


def check_target(database: Path, experiment: str, target: str) -> None:
    """Refuse a target without numbers."""
    targets = list_targets(database, experiment)
    if target not in targets:
        raise ArtifactError(
            f"experiment {experiment!r} has no numbers of target {target!r}; it has "
            f"{', '.join(targets) or 'none'}; if experiments.yaml names it as a target, "
            f"run `steer run {experiment}`"
        )


def list_metrics(database: Path, experiment: str) -> list[str]:
    """What was measured on test; a comparison of the other view goes under its plain name."""
    found = query_database(database, METRICS, {"experiment": experiment}).column("metric")
    return list(dict.fromkeys(_shorten(str(metric)) for metric in found))


def list_layers(database: Path, experiment: str, metric: str) -> list[str]:
    """The layers a metric was measured at, in the model's order."""
    found = query_database(database, LAYERS, {"experiment": experiment, "metric": metric}).column("layer")
    return sorted(map(str, found), key=layer_depth)


def read_results(database: Path, experiment: str, target: str | None) -> list[ReportRow]:
    """Every number of the two views: the same layer, and each one's own best layer."""
    found = query_database(database, RESULTS, {"experiment": experiment, "target": target}).records()
    kept = [named for record in found if (named := _name_for_view(record))]
    return _make_rows(kept, experiment, target)


def read_layer(database: Path, experiment: str, target: str | None, layer: str) -> list[ReportRow]:
    """Every number that was measured at one layer, of what was picked for the primary layer."""
    asked = {"experiment": experiment, "target": target, "layer": layer}
    return _make_rows(query_database(database, AT_LAYER, asked).records(), experiment, target)


def read_curve(database: Path, experiment: str, target: str | None, metric: str) -> list[ReportRow]:
    """The mean of a metric at every layer, of what was picked for the primary layer."""
    asked = {"experiment": experiment, "target": target, "metric": metric}
    unknown = dict.fromkeys(("k", "draw", "ci_low", "ci_high", "n", "candidates"))
    mean = {"view": "curve", "source": "*", "reference": "*", "within_budget": None}
    found = query_database(database, CURVE, asked).records()
    return _make_rows([unknown | mean | record for record in found], experiment, target)


def read_efficiency(database: Path, experiment: str, target: str | None) -> list[ReportRow]:
    """Experts from fewer sentences, means over draws; `n` is how many sentences each language had."""
    records = []
    for found in query_database(database, FEWER, {"experiment": experiment, "target": target}).records():
        suffix = HALVES_SUFFIX if found["halves"] else ""
        value_by_metric = {
            TOP1_FROM_SENTENCES: found["top1"],
            f"{EXPERT_JACCARD}{suffix}": found["jaccard"],
            f"{SCORE_CORRELATION}{suffix}": found["correlation"],
        }
        records += [
            {"metric": metric, "value": value, "n": found["sentences"]}
            for metric, value in value_by_metric.items()
            if value is not None
        ]
    unknown: dict[str, Any] = dict.fromkeys(("layer", "k", "ci_low", "ci_high", "candidates", "revision"))
    mean: dict[str, Any] = {"view": "efficiency", "method": STEERED, "source": "*", "reference": "*"}
    return [ReportRow(experiment, target, **unknown | mean | record) for record in records]


def read_swept(database: Path, experiment: str, target: str | None) -> tuple[Swept, ...]:
    """Of the mask picked for the primary layer what the sweep has several of."""
    found = query_database(database, SWEPT, {"experiment": experiment, "target": target}).records()
    return tuple(Swept(**record) for record in found)


def count_draws(database: Path, experiment: str, target: str | None) -> int:
    """How many random draws stand beside a target's mask, or beside the subspace if there is no target."""
    control = RANDOM_SUBSPACE if target is None else CONTROL
    asked = {"experiment": experiment, "target": target, "control": control}
    return int(query_database(database, DRAWS, asked).rows[0][0])


def _shorten(metric: str) -> str:
    plain = metric.removesuffix(BEST_LAYER_SUFFIX)
    return plain if plain in COMPARISONS else metric


def _name_for_view(record: dict[str, Any]) -> dict[str, Any] | None:
    """The record with its comparison's name shortened, or None if that comparison is the other view's."""
    metric = str(record["metric"])
    plain = _shorten(metric)
    if plain in COMPARISONS and (plain == metric) == (record["view"] == "best_layer"):
        return None
    return {**record, "metric": plain}


def _make_rows(records: list[dict[str, Any]], experiment: str, target: str | None) -> list[ReportRow]:
    return [
        row
        for record in _summarize_draws(records)
        for row in _make_row_and_budget(record, experiment, target)
    ]


def _summarize_draws(records: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Draws as their mean and, for the headline of random neurons, the best; everything else as it is."""
    for _, group in groupby(records, key=_what):
        draws = list(group)
        method = identify_method(draws[0]["intervention"])
        if draws[0]["draw"] is None:
            yield from ({**record, "method": method} for record in draws)
            continue
        blank = {"layer": _common(draws, "layer"), "k": None, "ci_low": None, "ci_high": None}
        values = [record["value"] for record in draws]
        yield {**draws[0], **blank, "method": method, "value": sum(values) / len(values)}
        if draws[0]["intervention"] == CONTROL and _is_headline(draws[0]):
            yield {**max(draws, key=lambda record: record["value"]), "method": BEST_CONTROL}


def _is_headline(record: dict[str, Any]) -> bool:
    return (record["metric"], record["source"], record["reference"]) == ("top1", "*", "*")


def _what(record: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(record[name] for name in SAME)


def _common(records: list[dict[str, Any]], name: str) -> Any:
    values = {record[name] for record in records}
    return values.pop() if len(values) == 1 else None


def _make_row_and_budget(record: dict[str, Any], experiment: str, target: str | None) -> Iterator[ReportRow]:
    names = ("view", "method", "metric", "source", "reference", "layer", "k", "value")
    spread = ("ci_low", "ci_high", "n", "candidates", "revision", "embedding_pooling")
    row = ReportRow(experiment=experiment, target=target, **{name: record[name] for name in names + spread})
    yield row
    if (
        record["method"] in (STEERED, ERASED_INSIDE)
        and _is_headline(record)
        and record["within_budget"] is not None
    ):
        within = float(record["within_budget"])
        yield replace(row, metric="within_budget", value=within, ci_low=None, ci_high=None, n=None)
