"""What `scale`, `add` and the transport maps need to know of every neuron: moments of two sides' tokens."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from polysteer.errors import ConfigError
from polysteer.ranking.half import Half, from_keys, to_keys
from polysteer.responses.store import LanguageResponses, TokenStatistics

MOMENTS = ("mean", "deviation", "source_mean", "source_deviation", "slope")

_BLOCK_CELLS = 1 << 18

Floats = npt.NDArray[np.float64]
ByLanguage = npt.NDArray[np.float32]


def find_moments(
    names: Sequence[str], by_language: Mapping[str, LanguageResponses], *, source: str | None
) -> dict[str, ByLanguage]:
    """By name (languages, neurons): each language as the target of maps that start from `source`.

    The source is one language, or where it is None all languages but the target, each weighing the same.
    """
    unknown = sorted(set(names) - set(MOMENTS))
    if unknown:
        raise ConfigError(f"no such moment: {unknown[0]!r}; there are {', '.join(MOMENTS)}")
    if source is not None and source not in by_language:
        raise ConfigError(f"no responses of the source {source!r}; there are {', '.join(by_language)}")
    rows = []
    for target, responses in by_language.items():
        sources = [
            other.tokens
            for language, other in by_language.items()
            if (language == source if source else language != target)
        ]
        rows.append(_describe_map(names, responses.tokens, sources))
    return {name: np.stack([row[name] for row in rows]).astype(np.float32) for name in names}


def fit_slopes(source: Half, target: Half) -> Floats:
    """Of every row the slope of the line that brings the source's values closest to the target's.

    Both are sorted and coupled from the lowest to the highest, which is the optimal transport between them;
    the line is the least-squares fit through the couples. A source without variance has the slope 1.
    """
    i, j, weight = _couple(source.shape[1], target.shape[1])
    slopes = np.empty(len(source))
    n_rows = max(1, _BLOCK_CELLS // len(weight))
    for start in range(0, len(source), n_rows):
        block = slice(start, start + n_rows)
        x, y = (
            _center(_sort_rows(source[block])[:, i], weight),
            _center(_sort_rows(target[block])[:, j], weight),
        )
        variance = (x * x) @ weight
        slopes[block] = np.divide((x * y) @ weight, variance, out=np.ones(len(x)), where=variance > 0)
    return slopes


def _describe_map(
    names: Sequence[str], target: TokenStatistics, sources: Sequence[TokenStatistics]
) -> dict[str, Floats]:
    source_mean = np.mean([tokens.mean for tokens in sources], axis=0)
    spread = np.mean([tokens.variance + (tokens.mean - source_mean) ** 2 for tokens in sources], axis=0)
    found = {
        "mean": target.mean,
        "deviation": np.sqrt(target.variance),
        "source_mean": source_mean,
        "source_deviation": np.sqrt(spread),
    }
    if "slope" in names:
        found["slope"] = fit_slopes(
            _mix_samples([tokens.require_sample() for tokens in sources]), target.require_sample()
        )
    return found


def _mix_samples(samples: Sequence[Half]) -> Half:
    """As many tokens of each, taken at even distances: a sample is in the order in which it was read."""
    n_each = min(sample.shape[1] for sample in samples)
    columns = [np.arange(n_each) * sample.shape[1] // n_each for sample in samples]
    thinned = [sample[:, column] for sample, column in zip(samples, columns, strict=True)]
    return np.concatenate(thinned, axis=1)


def _couple(n_source: int, n_target: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]:
    """Which sorted value of one side meets which of the other, and the share of all mass that does."""
    steps = np.union1d(np.arange(n_source + 1) * n_target, np.arange(n_target + 1) * n_source)
    return steps[:-1] // n_target, steps[:-1] // n_source, np.diff(steps) / (n_source * n_target)


def _center(rows: Floats, weight: Floats) -> Floats:
    rows = rows - rows[:, :1]  # a constant row becomes zero, exactly
    centred: Floats = rows - (rows @ weight)[:, None]
    return centred


def _sort_rows(rows: Half) -> Floats:
    keys = np.sort(to_keys(rows), axis=1)
    return from_keys(keys, dtype=rows.dtype).astype(np.float64)
