"""The rows of a pool larger than the queries: how a condition fares among the sentences of find as well."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial

from polysteer.config.evaluate import EvaluateSettings
from polysteer.evaluation.evidence import Spaces
from polysteer.evaluation.spaces import list_series
from polysteer.metrics.directions import list_directions
from polysteer.metrics.names import ALL
from polysteer.metrics.pairing import retrieve_shared
from polysteer.metrics.pool import retrieve_among_distractors
from polysteer.metrics.retrieval import Retrieval
from polysteer.metrics.series import Series
from polysteer.store.rows import MetricRow

POOLED = "top1_pool"


def list_pool(
    row: MetricRow,
    test: Spaces,
    find: Spaces,
    *,
    picked: Collection[str],
    targets: Sequence[str],
    evaluate: EvaluateSettings,
) -> Iterator[MetricRow]:
    """Top-1 of the test sentences at the layers picked on dev, `find` under the same condition among them."""
    for layer in dict.fromkeys(picked):
        retrieve = partial(retrieve_among_distractors, distractors=find.by_layer[layer])
        found = retrieve_shared(test.by_layer[layer], test.pairings, retrieve)
        yield from list_pooled(replace(row, layer=layer), found, targets, evaluate)


def list_pooled(
    row: MetricRow, found: Retrieval, targets: Sequence[str], evaluate: EvaluateSettings
) -> Iterator[MetricRow]:
    """Over all pairs and in each target's directions; `candidates` says how large the pool was."""
    series = [Series("top1", ALL, ALL, found.hits())]
    for target in targets:
        series += list_directions(found, target)
    pooled = [one._replace(metric=POOLED) for one in series]
    for found_row in list_series(row, pooled, evaluate):
        yield replace(found_row, candidates=found.n_candidates)
