"""Linear probes of one layer as series, the topics they read, and how ABX ranks layers beside them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.corpus.corpus_table import Corpus
from polysteer.evaluation.evidence import ByLanguage
from polysteer.evaluation.spaces import Series
from polysteer.metrics.probes import Probe, correlate_ranks, probe_labels, probe_language
from polysteer.store.rows import (
    ABX_LANGUAGE,
    ABX_MEANING,
    ALL,
    CHANCE_SUFFIX,
    OVER_CHECKPOINTS_SUFFIX,
    PROBE_LANGUAGE,
    PROBE_TAG,
    PROBE_TOPIC,
    RANK_CORRELATION_SUFFIX,
    TAG_RANK_CORRELATION_SUFFIX,
    MetricRow,
)

# What ranks layers beside each other, and what their correlation is called.
BESIDE = (
    (ABX_LANGUAGE, PROBE_LANGUAGE, ABX_LANGUAGE + RANK_CORRELATION_SUFFIX),
    (ABX_MEANING, PROBE_TOPIC, ABX_MEANING + RANK_CORRELATION_SUFFIX),
    (ABX_LANGUAGE, PROBE_TAG, ABX_LANGUAGE + TAG_RANK_CORRELATION_SUFFIX),
    (ABX_MEANING, PROBE_TAG, ABX_MEANING + TAG_RANK_CORRELATION_SUFFIX),
)
FEWEST_POINTS = 3  # two layers rank alike or unlike by chance alone

Rows = npt.NDArray[np.int64]


class Labelled(NamedTuple):
    """The rows of each language's sentences that have a label, and the labels."""

    rows: Mapping[str, Rows]
    labels: Mapping[str, Sequence[str]]

    def select(self, vectors: ByLanguage) -> ByLanguage:
        """The vectors of these rows."""
        return {language: vectors[language][rows] for language, rows in self.rows.items()}


class Topics(NamedTuple):
    """Of `find` every sentence that has a topic; of `test` the meanings that have one in every language."""

    find: Labelled
    test: Labelled


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


def list_probes(
    find: ByLanguage, test: ByLanguage, topics: Topics | None, *, in_detail: bool
) -> Iterator[Series]:
    """What can be read off the layer, of all languages and, `in_detail`, of each; and what guessing finds."""
    yield from _list_probe(PROBE_LANGUAGE, probe_language(find, test), list(test), in_detail=in_detail)
    if topics:
        read = topics.find, topics.test
        probe = probe_labels(read[0].select(find), read[0].labels, read[1].select(test), read[1].labels)
        yield from _list_probe(PROBE_TOPIC, probe, list(test), in_detail=in_detail)


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


def _list_probe(metric: str, probe: Probe, languages: Sequence[str], *, in_detail: bool) -> Iterator[Series]:
    yield Series(metric, ALL, ALL, probe.hits)
    yield Series(metric + CHANCE_SUFFIX, ALL, ALL, probe.guesses)
    if in_detail:
        yield from (Series(metric, name, None, probe.hits[[i]]) for i, name in enumerate(languages))


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
    value = correlate_ranks([by_point[abx][p] for p in points], [by_point[probe][p] for p in points])
    if value is not None:
        yield replace(row, value=value, n=len(points))
