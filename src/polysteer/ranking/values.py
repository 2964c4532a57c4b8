"""What a language's neurons can be held at: one number per neuron, from its responses or its tokens."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from polysteer.errors import ConfigError
from polysteer.ranking.half import Half, from_keys, to_float32, to_keys
from polysteer.responses.settings import SAMPLED_TOKENS
from polysteer.responses.store import LanguageResponses
from polysteer.terms import VALUES

_BLOCK_CELLS = 1 << 18


def count_sampled_tokens(values: Sequence[str], statistics: Sequence[str]) -> int:
    """How many single tokens' activations these need of every language; none but for two of them."""
    return SAMPLED_TOKENS if "token_median" in values or "slope" in statistics else 0


def find_values_by_language(
    statistic: str, by_language: Mapping[str, LanguageResponses]
) -> npt.NDArray[np.float32]:
    """The statistic of every language and neuron, of shape (languages, neurons).

    `others_token_mean` is the mean of the other languages' token means, each weighing the same: what the
    neurons do where they are no experts.
    """
    if statistic != "others_token_mean":
        return np.stack([find_values(statistic, responses) for responses in by_language.values()])
    means = np.stack([responses.tokens.mean for responses in by_language.values()])
    others: npt.NDArray[np.float32] = ((means.sum(axis=0) - means) / (len(means) - 1)).astype(np.float32)
    return others


def find_values(statistic: str, responses: LanguageResponses) -> npt.NDArray[np.float32]:
    """The statistic of every neuron over one language.

    `pooled_` ones are over the sentences' responses (median, 90th percentile, mean), `token_median` is over
    a sample of their tokens, `token_mean` over all tokens. A median of max-pooled responses lies far above
    a neuron's usual values.
    """
    if statistic == "pooled_median":
        return find_medians(responses.pooled)
    if statistic == "pooled_p90":
        return find_quantiles(responses.pooled, 0.9)
    if statistic == "pooled_mean":
        return _find_means(responses.pooled)
    if statistic == "token_median":
        return find_medians(responses.tokens.require_sample())
    if statistic == "token_mean":
        return responses.tokens.mean.astype(np.float32)
    raise ConfigError(f"no such value: {statistic!r}; the values are {', '.join(VALUES)}")


def find_medians(rows: Half) -> npt.NDArray[np.float32]:
    """The median of every row; of an even number of values the mean of the middle two."""
    return find_quantiles(rows, 0.5)


def find_quantiles(rows: Half, share: float) -> npt.NDArray[np.float32]:
    """The value below which `share` of every row lies, between two values on the line through them."""
    place = share * (rows.shape[1] - 1)
    low = int(place)
    columns = (low, min(low + 1, rows.shape[1] - 1))
    weight = np.float32(place - low)
    found = np.empty(len(rows), np.float32)
    for block in _split_rows(rows):
        keys = np.partition(to_keys(rows[block]), columns, axis=1)
        below, above = (from_keys(keys[:, column], dtype=rows.dtype) for column in columns)
        found[block] = below * (1 - weight) + above * weight
    return found


def _find_means(rows: Half) -> npt.NDArray[np.float32]:
    means = np.empty(len(rows), np.float32)
    for block in _split_rows(rows):
        means[block] = to_float32(rows[block]).mean(axis=1, dtype=np.float64)
    return means


def _split_rows(rows: Half) -> list[slice]:
    """Blocks of rows small enough that their copies do not count."""
    n_rows = max(1, _BLOCK_CELLS // rows.shape[1])
    return [slice(start, start + n_rows) for start in range(0, len(rows), n_rows)]
