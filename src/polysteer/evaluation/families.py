"""Geometry, ABX and probes of one condition: at every layer over all languages, where picked in detail."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from polysteer.evaluation.case import Case
from polysteer.evaluation.evidence import Spaces
from polysteer.evaluation.spaces import OF_EVERY_CONDITION, list_series
from polysteer.metrics.retrieval import Retrieval
from polysteer.metrics.view import LayerView, measure_layer
from polysteer.store.rows import MetricRow


def list_families(
    case: Case,
    row: MetricRow,
    find: Spaces,
    test: Spaces,
    retrieval_by_layer: Mapping[str, Retrieval],
    *,
    picked: Collection[str],
) -> Iterator[MetricRow]:
    """At every layer that `find` has: what was read under a mask has there those it was picked for."""
    evaluate = case.settings.evaluate
    families = set(evaluate.families).difference(OF_EVERY_CONDITION)
    for layer in find.by_layer:
        measured = measure_layer(
            LayerView(
                find=find.by_layer[layer],
                test=test.by_layer[layer],
                pairings=test.pairings,
                retrieval=retrieval_by_layer[layer],
                in_detail=layer in picked,
                topics=case.topics,
            ),
            families,
        )
        yield from list_series(replace(row, layer=layer), measured, evaluate)
