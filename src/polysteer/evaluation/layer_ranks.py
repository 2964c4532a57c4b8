"""How alike probes and ABX rank the layers."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from polysteer.metrics.names import (
    ABX_LANGUAGE,
    ABX_MEANING,
    ALL,
    OVER_CHECKPOINTS_SUFFIX,
    PROBE_LANGUAGE,
    PROBE_TAG,
    PROBE_TOPIC,
    RANK_CORRELATION_SUFFIX,
    TAG_RANK_CORRELATION_SUFFIX,
)
from polysteer.metrics.stability import correlate_two
from polysteer.store.rows import MetricRow

# What ranks layers beside each other, and what their correlation is called.
BESIDE = (
    (ABX_LANGUAGE, PROBE_LANGUAGE, ABX_LANGUAGE + RANK_CORRELATION_SUFFIX),
    (ABX_MEANING, PROBE_TOPIC, ABX_MEANING + RANK_CORRELATION_SUFFIX),
    (ABX_LANGUAGE, PROBE_TAG, ABX_LANGUAGE + TAG_RANK_CORRELATION_SUFFIX),
    (ABX_MEANING, PROBE_TAG, ABX_MEANING + TAG_RANK_CORRELATION_SUFFIX),
)
FEWEST_POINTS = 3  # two layers rank alike or unlike by chance alone


def list_rank_correlations(rows: Sequence[MetricRow], base: MetricRow) -> Iterator[MetricRow]:
    """How alike ABX and probes rank the layers: of each revision, and of all revisions' layers together."""
    revisions = list(dict.fromkeys(row.revision for row in rows))
    for abx, probe, metric in BESIDE:
        for revision in revisions:
            own = [row for row in rows if row.revision == revision]
            row = replace(base, revision=revision, metric=metric)
            yield from _correlate(row, own, abx, probe)
        if len(revisions) > 1:
            over_all = replace(base, metric=metric + OVER_CHECKPOINTS_SUFFIX)
            yield from _correlate(over_all, rows, abx, probe)


def _correlate(row: MetricRow, rows: Sequence[MetricRow], abx: str, probe: str) -> Iterator[MetricRow]:
    by_point = {
        metric: {
            (one.revision, one.layer): one.value
            for one in rows
            if (one.metric, one.source, one.reference) == (metric, ALL, ALL)
        }
        for metric in (abx, probe)
    }
    points = [point for point in by_point[abx] if point in by_point[probe]]
    if len(points) < FEWEST_POINTS:
        return
    value = correlate_two([by_point[abx][p] for p in points], [by_point[probe][p] for p in points])
    if value is not None:
        yield replace(row, value=value, n=len(points))
