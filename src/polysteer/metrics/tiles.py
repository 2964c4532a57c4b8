"""Cosines of two languages' sentences: tiles of float32 products, and single ones in float64."""

from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.metrics.vectors import FloatArray

Array = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.integer[Any]]

TILE = 512
EXACT_CELLS = 1 << 16
# Lengths whose reciprocals and squares float32 and float64 hold with room to spare.
PLAIN_LENGTHS = 1e-30, 1e30


class Rows(NamedTuple):
    """One language's vectors and their lengths, 0 where one has no direction."""

    raw: FloatArray
    lengths: Array

    @classmethod
    def of(cls, rows: FloatArray) -> "Rows":
        """The vectors as they are, or at length one in float64 where they are wider or of odd lengths."""
        if rows.dtype.itemsize > 4:
            rows = _normalize_float64(rows)
        lengths = _measure_lengths(rows)
        low, high = PLAIN_LENGTHS
        if not ((lengths == 0) | ((lengths > low) & (lengths < high))).all():
            rows = _normalize_float64(rows)
            lengths = _measure_lengths(rows)
        return cls(rows, lengths)

    @property
    def defined(self) -> Flags:
        """Which have a direction."""
        return np.asarray(self.lengths > 0)

    def unit(self, rows: slice) -> Singles:
        """Some of them at length one, for products."""
        unit: Singles = np.divide(
            self.raw[rows], _without_zeros(self.lengths[rows, None]), dtype=np.float32, casting="same_kind"
        )
        return unit

    def unit_float64(self, rows: slice | Numbers) -> Array:
        """Some of them at length one, for exact products."""
        return self.raw[rows].astype(np.float64) / _without_zeros(self.lengths[rows, None])


class Tile(NamedTuple):
    """Cosines [query, candidate] and room for as many flags; overwritten by the next tile."""

    queries: slice
    candidates: slice
    cosines: Singles
    flags: Flags

    def turn(self) -> "Tile":
        """The same cosines with the candidates as queries."""
        return Tile(self.candidates, self.queries, self.cosines.T, self.flags.T)

    def take_out_own(self) -> None:
        """Leave the rivals alone."""
        if self.queries == self.candidates:
            np.fill_diagonal(self.cosines, -np.inf)


class Products:
    """Products of two languages' vectors, in room that is taken once."""

    def __init__(self, a: Rows, b: Rows) -> None:
        self.a, self.b, self.n, self.side = a, b, len(a.raw), min(TILE, len(a.raw))
        self._unit_b = np.empty(b.raw.shape, dtype=np.float32)
        for part in cut(self.n, self.side):
            self._unit_b[part] = b.unit(part)
        self._cosines, self._flags = (
            np.empty(self.side**2, dtype=np.float32),
            np.empty(self.side**2, dtype=bool),
        )
        self._block = slice(0, 0), self._unit_b[:0]

    @property
    def error(self) -> float:
        """How far a cosine in float32 is from that in float64 at the most."""
        return float(np.finfo(np.float32).eps * (8 + np.sqrt(self.a.raw.shape[1])))

    def places(self) -> Iterator[tuple[slice, slice]]:
        """Where the tiles are, one row of them after the other."""
        return product(cut(self.n, self.side), cut(self.n, self.side))

    def make(self, rows: slice, columns: slice) -> Tile:
        """The tile there."""
        return Tile(rows, columns, *self._multiply(self._unit_a(rows), self._unit_b[columns]))

    def forth(self, queries: Numbers, rows: slice, columns: slice) -> tuple[Singles, Flags]:
        """Cosines of some of the rows with the columns, and room for as many flags."""
        return self._multiply(self._unit_a(rows)[queries - rows.start], self._unit_b[columns])

    def back(self, queries: Numbers, rows: slice) -> tuple[Singles, Flags]:
        """Cosines of some columns with the rows."""
        return self._multiply(self._unit_b[queries], self._unit_a(rows))

    def _unit_a(self, rows: slice) -> Singles:
        if self._block[0] != rows:
            self._block = rows, self.a.unit(rows)
        return self._block[1]

    def _multiply(self, x: Singles, y: Singles) -> tuple[Singles, Flags]:
        shape, cells = (len(x), len(y)), len(x) * len(y)
        cosines = np.matmul(x, y.T, out=self._cosines[:cells].reshape(shape))
        return cosines, self._flags[:cells].reshape(shape)


def cut(n: int, size: int) -> Iterator[slice]:
    """Slices of at most `size`."""
    return (slice(start, min(start + size, n)) for start in range(0, n, size))


def measure_cosines(x: Rows, i: Numbers, y: Rows, j: Numbers) -> Array:
    """In float64, of row i of one with row j of the other, for each of many; 0 without a direction."""
    size = max(1, EXACT_CELLS // x.raw.shape[1])
    cosines, wide = np.empty(len(i)), np.empty((2, size, x.raw.shape[1]))
    for part in cut(len(i), size):
        n = part.stop - part.start
        wide[0, :n], wide[1, :n] = x.raw[i[part]], y.raw[j[part]]
        np.vecdot(wide[0, :n], wide[1, :n], out=cosines[part])
    return cosines / _without_zeros(x.lengths[i] * y.lengths[j])


def _measure_lengths(rows: FloatArray) -> Array:
    lengths = np.empty(len(rows))
    for part in cut(len(rows), max(1, EXACT_CELLS // max(1, rows.shape[1]))):
        wide = rows[part].astype(np.float64)
        lengths[part] = np.sqrt(np.vecdot(wide, wide))
    return lengths


def _normalize_float64(rows: FloatArray) -> Array:
    wide = np.asarray(rows, dtype=np.float64)
    # Scaling by the largest entry first keeps the squares of tiny and huge rows in range.
    scaled = wide / _without_zeros(np.abs(wide).max(axis=1, keepdims=True))
    unit: Array = scaled / _without_zeros(np.linalg.norm(scaled, axis=1, keepdims=True))
    return unit


def _without_zeros(divisors: Array) -> Array:
    return np.where(divisors > 0, divisors, 1)
