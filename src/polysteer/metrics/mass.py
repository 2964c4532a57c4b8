"""How much of the next-token probability goes to the tokens that are a language's own."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from polysteer.errors import NumericError

Ids = npt.NDArray[np.integer]


def select_own_tokens(ids_by_language: Mapping[str, Ids]) -> dict[str, Ids]:
    """Of each language the token ids that occur in its text and in no other language's."""
    own = {}
    for language, ids in ids_by_language.items():
        others = [seen for other, seen in ids_by_language.items() if other != language]
        own[language] = np.setdiff1d(ids, np.concatenate(others)) if others else np.unique(ids)
    return own


def measure_mass(expected: npt.NDArray[np.float32], ids: Ids, *, n_positions: int) -> float:
    """Mean over positions of the summed probability of the tokens `ids`; `expected` is [vocabulary]."""
    if n_positions < 1:
        raise NumericError("the probability of tokens at no position is not defined; give longer texts")
    if len(ids) and ids.max() >= len(expected):
        raise NumericError(f"token {ids.max()} is not among the {len(expected)} that the model can write")
    return float(expected[ids].sum(dtype=np.float64)) / n_positions


def measure_share(ids: Ids, counts: npt.NDArray[np.int64], of: Ids) -> float:
    """Of the tokens of a text, `counts` times each of `ids`, the share that is among `of`."""
    if counts.sum() < 1:
        raise NumericError("a share of no tokens is not defined; give text that is not empty")
    return float(counts[np.isin(ids, of)].sum() / counts.sum())
