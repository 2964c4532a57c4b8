"""Geometry, ABX and probes of one condition: at every layer over all languages, where picked in detail."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from polysteer.config.evaluate import EvaluateSettings
from polysteer.evaluation.abx import list_abx
from polysteer.evaluation.case import Case
from polysteer.evaluation.evidence import Spaces
from polysteer.evaluation.geometry import list_geometry
from polysteer.evaluation.probes import list_probes
from polysteer.evaluation.spaces import Series, list_series
from polysteer.metrics.retrieval import Retrieval
from polysteer.store.rows import ABX_LANGUAGE, ABX_MEANING, CHANCE_SUFFIX, PROBE_TAG, MetricRow

# Values that stand for more than themselves (see metrics/geometry.py) may carry an interval out of these.
SHARES = (
    *(ABX_LANGUAGE, ABX_MEANING, PROBE_TAG, PROBE_TAG + CHANCE_SUFFIX),
    *("cka", "isoscore", "explained_variance"),
)
DISTANCES = ("centroid_distance", "centroid_distance_relative")


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
    families = case.settings.evaluate.families
    for layer, fitted_on in find.by_layer.items():
        series: list[Series] = []
        rows, in_detail = test.by_layer[layer], layer in picked
        if "geometry" in families:
            found = retrieval_by_layer[layer]
            series += list_geometry(fitted_on, rows, found, test.pairings, in_detail=in_detail)
        if "abx" in families:
            series += list_abx(rows, test.pairings, in_detail=in_detail)
        if "probes" in families and test.pairings is None:
            series += list_probes(fitted_on, rows, case.topics, in_detail=in_detail)
        yield from list_defined(replace(row, layer=layer), series, case.settings.evaluate)


def list_defined(row: MetricRow, series: Sequence[Series], evaluate: EvaluateSettings) -> Iterator[MetricRow]:
    """A number that is not defined has no row. Topics and tags may be known of fewer meanings."""
    defined = [one for one in series if np.isfinite(one.values).any(axis=1).all()]
    for n_meanings in sorted({one.values.shape[-1] for one in defined}):
        alike = [one for one in defined if one.values.shape[-1] == n_meanings]
        yield from map(_limit, list_series(row, alike, evaluate))


def _limit(row: MetricRow) -> MetricRow:
    """Only MEXA looks for something among candidates."""
    row = row if row.metric == "mexa" else replace(row, candidates=None)
    if row.ci_low is None or row.ci_high is None or row.metric not in (*SHARES, *DISTANCES):
        return row
    highest = 1.0 if row.metric in SHARES else row.ci_high
    return replace(row, ci_low=max(row.ci_low, 0.0), ci_high=min(row.ci_high, highest))
