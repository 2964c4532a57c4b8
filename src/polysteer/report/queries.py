"""Reading the rows of a report out of the metrics database: what was picked on dev, as it did on test."""

from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from polysteer.arms.random_neurons import RANDOM_NEURONS
from polysteer.layout import MASK
from polysteer.metrics.names import (
    EXPERT_JACCARD,
    HALVES_SUFFIX,
    SCORE_CORRELATION,
    SEEN,
    TOP1_FROM_SENTENCES,
    UNSEEN,
)
from polysteer.report.answer import Record
from polysteer.report.measured import ReportRow
from polysteer.report.question import Subject
from polysteer.report.shown_arms import BEST_RANDOM, acts_inside
from polysteer.store import query_database
from polysteer.store.views import SAME_CONFIGURATION

COLUMNS = """
    m.arm, m.revision, m.target, m.metric, m.source, m.reference, m.layer, m.k, m.draw,
    m.embedding_pooling, m.value, m.ci_low, m.ci_high, m.n, m.candidates"""
ENDS = f"['*', '{SEEN}', '{UNSEEN}', $target, '!' || $target]"
ASKED = f"""
    m.experiment = $experiment AND (m.target = $target OR m.target IS NULL)
      AND (m.reference IS NULL OR list_contains({ENDS}, m.source) AND list_contains({ENDS}, m.reference))"""
# What draws have in common that become one number.
SAME = ("view", "arm", "revision", "embedding_pooling", "metric", "source", "reference")
ORDER = f"ORDER BY view DESC, {', '.join(SAME[1:])}, draw"
RESULTS = f"SELECT view, within_budget, {COLUMNS} FROM results m WHERE {ASKED} {ORDER}"
AT_LAYER = f"""
    SELECT 'at_layer' AS view, within_budget, {COLUMNS}
    FROM choices c JOIN metrics m ON {SAME_CONFIGURATION}
    WHERE c.view = 'same_layer' AND m.split = 'test' AND m.layer = $layer
      AND coalesce(m.view, c.view) = c.view AND {ASKED} {ORDER}"""
CURVE = """
    SELECT m.arm, m.revision, m.embedding_pooling, m.target, m.metric, m.layer, m.value
    FROM by_layer m
    WHERE m.experiment = $experiment AND (m.target = $target OR m.target IS NULL) AND m.metric = $metric
    ORDER BY m.arm, m.revision, m.embedding_pooling, m.depth"""
FEWER = """
    SELECT sentences, halves, top1, jaccard, correlation FROM efficiency
    WHERE experiment = $experiment AND target = $target ORDER BY sentences, halves"""
MEAN = {"source": "*", "reference": "*"}


def read_results(database: Path, subject: Subject) -> list[ReportRow]:
    """Every number of the two views: the same layer, and each one's own best layer."""
    return _make_rows(_ask(database, RESULTS, subject), subject)


def read_layer(database: Path, subject: Subject, layer: str) -> list[ReportRow]:
    """Every number that was measured at one layer, of what was picked for the primary layer."""
    return _make_rows(_ask(database, AT_LAYER, subject, layer=layer), subject)


def read_curve(database: Path, subject: Subject, metric: str) -> list[ReportRow]:
    """The mean of a metric at every layer, of what was picked for the primary layer."""
    found = _ask(database, CURVE, subject, metric=metric)
    return [_make_row(MEAN | record | {"view": "curve"}, subject) for record in found]


def read_efficiency(database: Path, subject: Subject) -> list[ReportRow]:
    """Experts from fewer sentences, means over draws; `n` is how many sentences each language had."""
    mean = MEAN | {"view": "efficiency", "arm": MASK}
    rows = []
    for found in _ask(database, FEWER, subject):
        suffix = HALVES_SUFFIX if found["halves"] else ""
        value_by_metric = {
            TOP1_FROM_SENTENCES: found["top1"],
            f"{EXPERT_JACCARD}{suffix}": found["jaccard"],
            f"{SCORE_CORRELATION}{suffix}": found["correlation"],
        }
        rows += [
            _make_row(mean | {"metric": metric, "value": value, "n": found["sentences"]}, subject)
            for metric, value in value_by_metric.items()
            if value is not None
        ]
    return rows


def _ask(database: Path, sql: str, subject: Subject, **more: str) -> list[dict[str, Any]]:
    return query_database(database, sql, subject._asdict() | more).records()


def _make_rows(records: Iterable[Record], subject: Subject) -> list[ReportRow]:
    """Whether what was chosen kept to its budget is a number too."""
    rows = []
    for record in _summarize_draws(records):
        row = _make_row(record, subject)
        rows.append(row)
        within = record["within_budget"]
        if acts_inside(row.arm) and _is_headline(record) and within is not None:
            told = replace(row, metric="within_budget", value=float(within))
            rows.append(replace(told, ci_low=None, ci_high=None, n=None))
    return rows


def _make_row(record: Record, subject: Subject) -> ReportRow:
    names = {field.name for field in fields(ReportRow)}
    known = {name: value for name, value in record.items() if name in names}
    return ReportRow(**known | subject._asdict())


def _summarize_draws(records: Iterable[Record]) -> Iterator[Record]:
    """Draws as their mean and, for the headline of random neurons, the best; everything else as it is."""
    for _, group in groupby(records, key=lambda record: tuple(record[name] for name in SAME)):
        draws = list(group)
        if draws[0]["draw"] is None:
            yield from draws
            continue
        layers, values = {record["layer"] for record in draws}, [record["value"] for record in draws]
        mean = dict.fromkeys(("k", "ci_low", "ci_high")) | {"value": sum(values) / len(values)}
        yield {**draws[0], **mean, "layer": layers.pop() if len(layers) == 1 else None}
        if draws[0]["arm"] == RANDOM_NEURONS.key and _is_headline(draws[0]):
            yield {**max(draws, key=lambda record: record["value"]), "arm": BEST_RANDOM}


def _is_headline(record: Record) -> bool:
    return (record["metric"], record["source"], record["reference"]) == ("top1", "*", "*")
