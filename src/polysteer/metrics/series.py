"""What measures make: series of values, each of which becomes one row with its mean and interval."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.metrics.names import ALL
from polysteer.metrics.pairing import PairNumbers

Values = npt.NDArray[np.float64] | npt.NDArray[np.bool_]


class Series(NamedTuple):
    """Values of one metric, [pair, meaning], that become one row; NaN where a pair lacks a meaning."""

    metric: str
    source: str
    reference: str | None
    values: Values

    @property
    def n_candidates(self) -> int | None:
        """How many sentences each pair shares; None where pairs share unlike many."""
        counts = np.unique(np.count_nonzero(~np.isnan(self.values), axis=1))
        return int(counts[0]) if len(counts) == 1 else None


def list_pairs(found: PairNumbers, *, in_detail: bool) -> Iterator[Series]:
    """Each number over all pairs of languages and, in detail, of every pair."""
    for metric, values in found.by_name.items():
        yield Series(metric, ALL, ALL, values)
        if in_detail:
            yield from (Series(metric, *pair, values[[i]]) for i, pair in enumerate(found.pairs))


def list_languages(
    metric: str, languages: Collection[str], values: Values, *, in_detail: bool
) -> Iterator[Series]:
    """A number over all languages, [language, meaning], and, in detail, of every language."""
    yield Series(metric, ALL, ALL, values)
    if in_detail:
        yield from (Series(metric, name, None, values[[i]]) for i, name in enumerate(languages))
