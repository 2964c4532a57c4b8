"""Queries that tie with many candidates, or whose scores float32 cannot tell: all cosines in float64."""

from collections.abc import Iterator

import numpy as np

from polysteer.metrics.counting import TIE_FLOAT64
from polysteer.metrics.neighbours import Neighbourhoods
from polysteer.metrics.tiles import Array, Numbers, Rows, cut

CELLS = 1 << 20
COLUMNS = 1024


def settle_crowded(found: Neighbourhoods, a: Rows, b: Rows, k: int) -> None:
    """Fill in what `found` lacks."""
    defined = a.defined & b.defined
    for queries, cosines in read_cosines(np.flatnonzero(found.crowded), a, b):
        highest = np.partition(cosines, -k, axis=1)[:, -k:]
        found.mean[queries], found.edge[queries] = highest.mean(axis=1), highest.min(axis=1)
        own = np.arange(len(queries)), queries
        itself = np.where(defined[queries], cosines[own], -np.inf)
        cosines[own] = -np.inf
        best = cosines.max(axis=1)
        nearest = (cosines >= best[:, None] - TIE_FLOAT64).argmax(axis=1)
        found.nearest[queries] = np.where(itself - TIE_FLOAT64 > best, queries, nearest)


def read_cosines(queries: Numbers, a: Rows, b: Rows) -> Iterator[tuple[Numbers, Array]]:
    """Some queries at a time, with their cosines with all candidates."""
    n = len(b.raw)
    for part in cut(len(queries), max(1, CELLS // n)):
        some = queries[part]
        cosines, unit = np.empty((len(some), n)), a.unit_float64(some)
        for columns in cut(n, COLUMNS):
            cosines[:, columns] = unit @ b.unit_float64(columns).T
        yield some, cosines
