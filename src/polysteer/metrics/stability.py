"""How far several rankings of the same things agree: the correlation of their ranks."""

from typing import Any

import numpy as np
import numpy.typing as npt

from polysteer.errors import NumericError

Floats = npt.NDArray[np.float64]


def correlate_ranks(scores: npt.NDArray[np.floating[Any]]) -> Floats:
    """Spearman's correlation of every two rows of scores [draw, thing], as [draw, draw]; ties share ranks."""
    if scores.ndim != 2 or len(scores) < 2:
        raise NumericError(f"scores of shape {scores.shape}; give two rows or more to correlate")
    from scipy.stats import rankdata

    ranks = rankdata(scores, axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    lengths = np.sqrt((ranks * ranks).sum(axis=1))
    if not lengths.all():
        raise NumericError("the scores of a draw are all equal; they have no order to correlate")
    correlations: Floats = (ranks / lengths[:, None]) @ (ranks / lengths[:, None]).T
    return correlations


def average_with_others(agreement: Floats) -> Floats:
    """From [draw, draw] the mean agreement of each draw with all the others."""
    n = len(agreement)
    means: Floats = (agreement.sum(axis=1) - np.diag(agreement)) / (n - 1)
    return means
