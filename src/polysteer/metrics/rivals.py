"""How many candidates do at least as well as a query's translation, by CSLS and by ratio margin."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.metrics.counting import TIE_FLOAT64, Ranks, count_true
from polysteer.metrics.crowded import read_cosines
from polysteer.metrics.neighbours import Neighbourhoods
from polysteer.metrics.tiles import Array, Flags, Numbers, Rows, Singles, measure_cosines

# Means of neighbours below it make ratios that float32 cannot tell.
LOWEST_MEAN = 0.01
CROWD = 128

Floats = npt.NDArray[np.floating[Any]]


class Mined(NamedTuple):
    """One direction of a pair: ranks by the two corrected scores, xSIM's errors, the nearest by cosine."""

    csls: Ranks
    margin: Ranks
    xsim_errors: Flags
    nearest: Ranks


class Scores(NamedTuple):
    """CSLS, halved, and ratio margin."""

    csls: Floats
    margin: Floats

    @classmethod
    def of(cls, cosines: Floats, neighbours: Array) -> "Scores":
        """From cosines and (r(x) + r(y)) / 2; a ratio to what is not positive is lower than any."""
        with np.errstate(divide="ignore", invalid="ignore"):
            margin = np.where(neighbours > TIE_FLOAT64, cosines / neighbours, -np.inf)
        return cls(cosines - neighbours, margin)

    def turn(self) -> "Scores":
        """With the candidates as queries."""
        return Scores(self.csls.T, self.margin.T)


class Bounds(NamedTuple):
    """Of each query: above `high` a score is a rival's for certain, below `low` it is none's."""

    low: Singles
    high: Singles

    @classmethod
    def around(cls, limit: Floats, error: Floats | float, skipped: Flags) -> "Bounds":
        """As far from the limit as float32 may err; of skipped queries nothing is a rival."""
        low, high = (np.where(skipped, np.inf, limit + sign * error) for sign in (-1, 1))
        return cls(low.astype(np.float32), high.astype(np.float32))


class Rivals:
    """One direction's counts."""

    def __init__(
        self, a: Rows, b: Rows, mine: Neighbourhoods, theirs: Neighbourhoods, own: Array, error: float
    ) -> None:
        self._a, self._b, self._own = a, b, own
        self._mine, self._their_mean = mine, theirs.mean
        self.half, self.their_half = ((mean / 2).astype(np.float32) for mean in (mine.mean, theirs.mean))
        scores = Scores.of(own, (mine.mean + theirs.mean) / 2)
        self._limit = Scores(
            scores.csls - TIE_FLOAT64,
            scores.margin - TIE_FLOAT64 * np.maximum(1, np.abs(scores.margin)),
        )
        self._defined = a.defined & b.defined
        lowest = (mine.mean + theirs.mean.min()) / 2
        self._crowded = mine.crowded | (lowest < LOWEST_MEAN)
        skipped = self._crowded | ~self._defined
        self._error = error
        with np.errstate(invalid="ignore"):
            spread = error * (1 + np.abs(self._limit.margin)) / np.maximum(lowest, LOWEST_MEAN)
            self._csls = Bounds.around(self._limit.csls, error, skipped)
            self._margin = Bounds.around(self._limit.margin, spread, skipped)
        self._n_csls, self._n_margin = np.zeros((2, len(own)), dtype=np.int64)

    def find_active(self, queries: slice, candidates: slice, highest: Singles) -> Numbers:
        """The queries that may have a rival among candidates of which the highest cosine is known."""
        theirs = self.their_half[candidates]
        nearest, furthest = (self.half[queries] + bound for bound in (theirs.min(), theirs.max()))
        csls, margin = self._csls.low[queries], self._margin.low[queries]
        counted = np.flatnonzero(np.isfinite(csls))
        csls, margin, nearest, furthest = (array[counted] for array in (csls, margin, nearest, furthest))
        needed = np.minimum(csls + nearest, margin * np.where(margin > 0, nearest, furthest))
        active: Numbers = counted[highest[counted] >= needed - 2 * self._error] + queries.start
        return active

    def score(self, queries: slice | Numbers, candidates: slice, cosines: Singles, room: Singles) -> Scores:
        """Of a tile, in float32; the cosines are overwritten."""
        neighbours, margin = (part[: cosines.size].reshape(cosines.shape) for part in room)
        np.add(self.half[queries, None], self.their_half[candidates], out=neighbours)
        with np.errstate(divide="ignore", invalid="ignore"):
            np.divide(cosines, neighbours, out=margin)
        return Scores(np.subtract(cosines, neighbours, out=cosines), margin)

    def count_some(
        self, queries: Numbers, candidates: slice, cosines: Singles, flags: Flags, room: Singles
    ) -> None:
        """Add the rivals of some queries, whose own cosines may be among those given."""
        own = queries - candidates.start
        inside = np.flatnonzero((own >= 0) & (own < cosines.shape[1]))
        cosines[inside, own[inside]] = -np.inf
        self.count(queries, candidates, self.score(queries, candidates, cosines, room), flags)

    def count(self, queries: Numbers, candidates: slice, scores: Scores, flags: Flags) -> None:
        """Add the rivals among these candidates; the flags are overwritten."""
        for name, bounds, n_rivals in (
            ("csls", self._csls, self._n_csls),
            ("margin", self._margin, self._n_margin),
        ):
            values = getattr(scores, name)
            high = bounds.high[queries, None]
            n_high = count_true(np.greater_equal(values, high, out=flags))
            n_low = count_true(np.greater_equal(values, bounds.low[queries, None], out=flags))
            n_rivals[queries] += n_high
            n_unsure = n_low - n_high
            self._crowded[queries[n_unsure > CROWD]] = True
            unsure = np.flatnonzero((n_unsure > 0) & (n_unsure <= CROWD))
            near, rival = np.nonzero(flags[unsure] & (values[unsure] < high[unsure]))
            self._resolve(name, queries[unsure[near]], rival + candidates.start, n_rivals)

    def _resolve(self, name: str, query: Numbers, rival: Numbers, n_rivals: Numbers) -> None:
        cosines = measure_cosines(self._a, query, self._b, rival)
        scores = Scores.of(cosines, (self._mine.mean[query] + self._their_mean[rival]) / 2)
        at_least = getattr(scores, name) >= getattr(self._limit, name)[query]
        np.add.at(n_rivals, query[at_least], 1)

    def conclude(self) -> Mined:
        """The last rank where a translation has no direction, or no score."""
        n, n_near = len(self._own), self._count_near()
        self._count_crowded(n_near)
        outside = (self._own < self._mine.edge - TIE_FLOAT64) | ~np.isfinite(self._limit.margin)
        csls, margin = (
            np.where(self._defined, np.minimum(1 + n_rivals, n), n).astype(np.int32)
            for n_rivals in (self._n_csls, self._n_margin)
        )
        return Mined(csls, margin, (n_near > 0) | outside | ~self._defined, self._mine.nearest)

    def _count_near(self) -> Numbers:
        query, candidate, cosine = self._mine.near
        scores = Scores.of(cosine, (self._mine.mean[query] + self._their_mean[candidate]) / 2)
        rival = (candidate != query) & (cosine >= self._mine.edge[query] - TIE_FLOAT64)
        rival &= scores.margin >= self._limit.margin[query]
        return np.bincount(query[rival], minlength=len(self._own))

    def _count_crowded(self, n_near: Numbers) -> None:
        for queries, cosines in read_cosines(np.flatnonzero(self._crowded & self._defined), self._a, self._b):
            near = cosines >= self._mine.edge[queries, None] - TIE_FLOAT64
            cosines[np.arange(len(queries)), queries] = -np.inf
            scores = Scores.of(cosines, (self._mine.mean[queries, None] + self._their_mean) / 2)
            not_worse = scores.margin >= self._limit.margin[queries, None]
            self._n_csls[queries] = (scores.csls >= self._limit.csls[queries, None]).sum(axis=1)
            self._n_margin[queries] = not_worse.sum(axis=1)
            n_near[queries] = (not_worse & near).sum(axis=1)
