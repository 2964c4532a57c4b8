"""How far several rankings of the same things agree: the correlation of their ranks."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from polysteer.errors import NumericError

Floats = npt.NDArray[np.float64]


def correlate_ranks(scores: npt.NDArray[np.floating[Any]]) -> Floats:
    """Spearman's correlation of every two rows of scores [draw, thing], as [draw, draw]; ties share ranks."""
    if scores.ndim != 2 or len(scores) < 2:
        raise NumericError(f"scores of shape {scores.shape}; give two rows or more to correlate")
    ranks = _center_ranks(scores)
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


def correlate_two(x: Sequence[float], y: Sequence[float]) -> float | None:
    """Spearman's correlation of two rows of values; None where one of them never changes."""
    if len(x) != len(y) or len(x) < 2:
        raise NumericError(f"{len(x)} and {len(y)} values; a rank correlation needs two or more pairs")
    if not np.isfinite([*x, *y]).all():
        raise NumericError("values hold NaN or infinity; they have no ranks")
    ranks_x, ranks_y = _center_ranks(np.array([x, y]))
    size = float(np.sqrt((ranks_x @ ranks_x) * (ranks_y @ ranks_y)))
    return float(ranks_x @ ranks_y) / size if size else None


def _center_ranks(scores: npt.NDArray[np.floating[Any]]) -> Floats:
    from scipy.stats import rankdata  # takes longer to import than most metrics to run

    ranks = rankdata(scores, axis=1)
    centred: Floats = ranks - ranks.mean(axis=1, keepdims=True)
    return centred
