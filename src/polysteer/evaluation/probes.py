"""The topics that a probe reads, and how probes and ABX rank the layers beside each other."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from polysteer.corpus.corpus_table import Corpus
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
from polysteer.metrics.view import Labelled, Topics
from polysteer.store.rows import MetricRow

# What ranks layers beside each other, and what their correlation is called.
BESIDE = (
    (ABX_LANGUAGE, PROBE_LANGUAGE, ABX_LANGUAGE + RANK_CORRELATION_SUFFIX),
    (ABX_MEANING, PROBE_TOPIC, ABX_MEANING + RANK_CORRELATION_SUFFIX),
    (ABX_LANGUAGE, PROBE_TAG, ABX_LANGUAGE + TAG_RANK_CORRELATION_SUFFIX),
    (ABX_MEANING, PROBE_TAG, ABX_MEANING + TAG_RANK_CORRELATION_SUFFIX),
)
FEWEST_POINTS = 3  # two layers rank alike or unlike by chance alone


def read_topics(corpus: Corpus) -> Topics | None:
    """The topics of a corpus; None where a probe has nothing to learn: fewer than two in `find`."""
    known, shared = (
        {name: corpus.topics(name, split) for name in corpus.languages} for split in ("find", "test")
    )
    complete = np.flatnonzero([all(topics) for topics in zip(*shared.values(), strict=False)])
    test = Labelled(
        dict.fromkeys(shared, complete), {name: [str(of[i]) for i in complete] for name, of in shared.items()}
    )
    rows = {name: np.flatnonzero([bool(topic) for topic in of]) for name, of in known.items()}
    find = Labelled(rows, {name: [str(known[name][i]) for i in kept] for name, kept in rows.items()})
    n_topics = len({label for labels in find.labels.values() for label in labels})
    return Topics(find, test) if n_topics > 1 and len(complete) > 1 else None


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
