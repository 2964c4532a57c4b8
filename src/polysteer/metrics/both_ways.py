"""Bitext mining of one pair of languages, both ways, in two passes over tiles of float32.

The first pass finds the nearest neighbours, the second counts rivals, and leaves out where the first has seen
that there are none. Wherever float32 cannot tell, cosines are made again in float64.
"""

from typing import NamedTuple

import numpy as np

from polysteer.metrics.crowded import settle_crowded
from polysteer.metrics.neighbours import Neighbourhoods, Search, settle
from polysteer.metrics.rivals import Mined, Rivals
from polysteer.metrics.tiles import Products, Rows, Singles, measure_cosines
from polysteer.metrics.vectors import FloatArray

# A whole tile serves both directions: it is made where more than this share of its sides is needed.
DENSE = 0.8


class Highest(NamedTuple):
    """The highest cosine with a rival of each query forth and of each back, by tile of the other side."""

    forth: Singles
    back: Singles


def mine_both_ways(vectors_a: FloatArray, vectors_b: FloatArray, k: int) -> tuple[Mined, Mined]:
    """Rows of `a` looked up among those of `b`, and back; row i of both is the same meaning."""
    a, b = Rows.of(vectors_a), Rows.of(vectors_b)
    products, every = Products(a, b), np.arange(len(vectors_a))
    own = measure_cosines(a, every, b, every)
    near_a, near_b, highest = _find_neighbours(products, min(k, products.n))
    forth = Rivals(a, b, near_a, near_b, own, products.error)
    back = Rivals(b, a, near_b, near_a, own, products.error)
    _count_rivals(products, forth, back, highest)
    return forth.conclude(), back.conclude()


def _find_neighbours(products: Products, k: int) -> tuple[Neighbourhoods, Neighbourhoods, Highest]:
    a, b, n = products.a, products.b, products.n
    # Where an own candidate has no direction the nearest is looked for among the others.
    kept = k if (a.defined & b.defined).all() else min(k + 1, n)
    forth: list[Search] = []
    back = Search(b.defined, kept, products.error)
    highest = Highest(*np.empty((2, -(-n // products.side), n), dtype=np.float32))
    for rows, columns in products.places():
        tile = products.make(rows, columns)
        if columns.start == 0:
            forth.append(Search(a.defined[rows], kept, products.error, first=rows.start))
        forth[-1].look(tile)
        back.look(tile.turn())
        tile.take_out_own()
        np.max(tile.cosines, axis=1, out=highest.forth[columns.start // products.side, rows])
        np.max(tile.cosines, axis=0, out=highest.back[rows.start // products.side, columns])
    near_a, near_b = settle(forth, a, b, k), settle([back], b, a, k)
    settle_crowded(near_a, a, b, k)
    settle_crowded(near_b, b, a, k)
    return near_a, near_b, highest


def _count_rivals(products: Products, forth: Rivals, back: Rivals, highest: Highest) -> None:
    room = np.empty((2, products.side**2), dtype=np.float32)
    for rows, columns in products.places():
        queries = forth.find_active(rows, columns, highest.forth[columns.start // products.side, rows])
        others = back.find_active(columns, rows, highest.back[rows.start // products.side, columns])
        n_rows, n_columns = rows.stop - rows.start, columns.stop - columns.start
        if len(queries) / n_rows + len(others) / n_columns > DENSE:
            tile = products.make(rows, columns)
            tile.take_out_own()
            scores = forth.score(rows, columns, tile.cosines, room)
            forth.count(np.arange(rows.start, rows.stop), columns, scores, tile.flags)
            back.count(np.arange(columns.start, columns.stop), rows, scores.turn(), tile.flags.T)
            continue
        if len(queries):
            forth.count_some(queries, columns, *products.forth(queries, rows, columns), room)
        if len(others):
            back.count_some(others, rows, *products.back(others, rows), room)
