"""Bootstrap intervals, paired tests and ranks among controls.

Meanings are what is resampled: a meaning's value is first averaged over all pairs of languages it occurs in,
so that one sentence that is hard in every pair counts as one observation and not as twenty. NaN in [pair,
meaning] is a meaning that a pair does not have: a resample then gives each pair the mean over what it drew of
its own, and the pairs are averaged after that: each counts the same, however many meanings it has.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.errors import NumericError

Values = npt.NDArray[np.float64] | npt.NDArray[np.bool_]

LEVEL = 0.95
BATCH_CELLS = 1 << 22


class Interval(NamedTuple):
    """A mean with its bootstrap 95 % interval over `n` meanings."""

    mean: float
    low: float
    high: float
    n: int


class Difference(NamedTuple):
    """A mean of paired differences, its bootstrap 95 % interval, and a two-sided sign-flip p-value."""

    mean: float
    low: float
    high: float
    n: int
    p_value: float


class ControlRank(NamedTuple):
    """Where a result stands among controls: 1 is ahead of all; p = (1 + at least as good) / (1 + draws)."""

    rank: int
    n_draws: int
    p_value: float


def average_pairs(values: Values) -> float:
    """The mean of the pairs' means, [pair, meaning]; NaN is a meaning that a pair does not have."""
    known = np.asarray(values, dtype=np.float64)
    return float(np.nanmean(known, axis=1).mean()) if _has_gaps(known) else float(known.mean())


def bootstrap_mean(values: Values, *, resamples: int, seed: int) -> Interval:
    """Mean over meanings with its percentile bootstrap interval; `values` is [meaning] or [pair, meaning]."""
    return bootstrap_means([values], resamples=resamples, seed=seed)[0]


def bootstrap_means(series: Sequence[Values], *, resamples: int, seed: int) -> list[Interval]:
    """One interval per series, all from the same resamples of their shared meanings.

    A series is [meaning], or [pair, meaning] and then averaged over pairs. Thousands of series cost little
    more than one. Memory: the result of every resample, 8 bytes x resamples x series.
    """
    by_meaning = np.stack([_average_by_meaning(values) for values in series])
    n = by_meaning.shape[1]
    if any(_has_gaps(values) for values in series):
        means = _resample_pairs([np.atleast_2d(values) for values in series], resamples, seed)
    else:
        means = np.concatenate([counts @ by_meaning.T for counts in _resample_counts(n, resamples, seed)]) / n
    tail = (1 - LEVEL) / 2
    find_quantiles = np.nanquantile if np.isnan(means).any() else np.quantile
    lows, highs = find_quantiles(means, [tail, 1 - tail], axis=0)
    return [
        Interval(float(row.mean()), float(low), float(high), n)
        for row, low, high in zip(by_meaning, lows, highs, strict=True)
    ]


def compare_paired(after: Values, before: Values, *, resamples: int, seed: int) -> Difference:
    """Mean of after - before, its bootstrap interval, and the sign-flip p-value of 'no difference'.

    Under that hypothesis either sign of a meaning's difference was equally likely. p = (1 + flips whose mean
    is at least as far from zero) / (1 + resamples): never 0, and at least 1 / (1 + resamples).
    """
    after_by_meaning, before_by_meaning = _average_by_meaning(after), _average_by_meaning(before)
    if after_by_meaning.shape != before_by_meaning.shape:
        raise NumericError(
            f"{len(after_by_meaning)} meanings after and {len(before_by_meaning)} before; "
            "a paired test needs the same ones"
        )
    difference = after_by_meaning - before_by_meaning
    if _has_gaps(after) or _has_gaps(before):
        if not np.array_equal(np.isnan(after), np.isnan(before)):
            raise NumericError("pairs lack other meanings after than before; a test needs the same ones")
        by_pair = np.subtract(after, before, dtype=np.float64)
        interval = bootstrap_mean(by_pair, resamples=resamples, seed=seed)
    else:
        interval = bootstrap_mean(difference, resamples=resamples, seed=seed)
    return Difference(*interval, p_value=flip_signs(difference, resamples=resamples, seed=seed))


def flip_signs(difference: npt.NDArray[np.float64], *, resamples: int, seed: int) -> float:
    """Two-sided Monte Carlo sign-flip p-value for a mean of zero."""
    generator = np.random.default_rng(seed)
    observed = abs(difference.sum())
    # Flips of the same magnitude in another order of addition must count as equal.
    slack = 1e-9 * np.abs(difference).sum()
    n_as_far = 0
    for n_rows in _batch_rows(len(difference), resamples):
        signs = generator.choice(np.array([-1.0, 1.0]), size=(n_rows, len(difference)))
        n_as_far += int((np.abs(signs @ difference) >= observed - slack).sum())
    return (1 + n_as_far) / (1 + resamples)


def adjust_holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment, in the order given."""
    p = np.asarray(p_values, dtype=np.float64)
    if len(p) and not ((p >= 0) & (p <= 1)).all():
        raise NumericError(f"p-values must lie between 0 and 1, got {list(p_values)}")
    order = np.argsort(p, kind="stable")
    scaled = p[order] * np.arange(len(p), 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return [float(value) for value in adjusted]


def rank_among(value: float, draws: Sequence[float]) -> ControlRank:
    """The rank of `value` among the draws of a control; a draw that does as well counts against it."""
    at_least_as_good = sum(draw >= value for draw in draws)
    return ControlRank(1 + at_least_as_good, len(draws), (1 + at_least_as_good) / (1 + len(draws)))


def _has_gaps(values: Values) -> bool:
    return values.ndim == 2 and bool(np.isnan(values).any())


def _average_by_meaning(values: Values) -> npt.NDArray[np.float64]:
    """What each meaning adds to the mean; with gaps, a meaning of a pair that has few weighs more."""
    by_meaning = np.asarray(values, dtype=np.float64)
    if _has_gaps(by_meaning):
        n_by_pair = np.count_nonzero(~np.isnan(by_meaning), axis=1, keepdims=True)
        if not n_by_pair.all():
            raise NumericError("values hold NaN or infinity for all meanings of a pair; leave the pair out")
        by_meaning = np.nansum(by_meaning * (by_meaning.shape[1] / n_by_pair), axis=0) / len(by_meaning)
    elif by_meaning.ndim == 2:
        by_meaning = by_meaning.mean(axis=0)
    if by_meaning.ndim != 1 or len(by_meaning) < 2:
        raise NumericError(
            f"values have shape {np.shape(values)}; "
            "expected (meanings) or (pairs, meanings), two meanings or more"
        )
    if not np.isfinite(by_meaning).all():
        raise NumericError("values hold NaN or infinity; no interval can be made of them")
    return by_meaning


def _resample_pairs(
    series: Sequence[npt.NDArray[np.floating[Any]]], resamples: int, seed: int
) -> npt.NDArray[np.float64]:
    """Means of each series, [resample, series]; a pair of whose meanings none is drawn is left out there."""
    table = np.concatenate(series).astype(np.float64)
    known = ~np.isnan(table)
    filled, weights = np.where(known, table, 0.0), known.astype(np.float64)
    owner = np.repeat(np.eye(len(series)), [len(values) for values in series], axis=0)
    means = []
    for counts in _resample_counts(table.shape[1], resamples, seed):
        n_drawn = counts @ weights.T
        by_pair = counts @ filled.T / np.maximum(n_drawn, 1)
        n_pairs = (n_drawn > 0) @ owner
        means.append(np.where(n_pairs > 0, by_pair @ owner / np.maximum(n_pairs, 1), np.nan))
    return np.concatenate(means)


def _resample_counts(n: int, resamples: int, seed: int) -> Iterator[npt.NDArray[np.float64]]:
    """How often each meaning is drawn, [resample, meaning], in batches."""
    generator = np.random.default_rng(seed)
    for n_rows in _batch_rows(n, resamples):
        drawn = generator.integers(0, n, size=(n_rows, n))
        drawn += n * np.arange(n_rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=n_rows * n).reshape(n_rows, n).astype(np.float64)


def _batch_rows(n: int, resamples: int) -> Iterator[int]:
    if resamples < 1:
        raise NumericError(f"{resamples} resamples; at least 1 is needed, 10,000 is usual")
    step = max(1, BATCH_CELLS // n)
    for start in range(0, resamples, step):
        yield min(step, resamples - start)
