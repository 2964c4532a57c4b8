"""LAPE: which neurons are active in few languages, from how often they are above zero (Tang et al. 2024)."""

import math

import numpy as np
import numpy.typing as npt

from polysteer.errors import NumericError

INACTIVE = -1.0
"""The score of a neuron for a language in which it is not active often enough."""

_BAR = 0.95  # of all languages' and neurons' activation probabilities, those above this share of them count


def score_activations(
    n_above_zero: npt.NDArray[np.int64], n_tokens: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Scores from counts of shape (languages, neurons) and the tokens of each language.

    The score is ln(languages) minus the entropy of the neuron's activation probabilities, normalised over
    languages: 0 where all languages activate it alike, highest where one does alone. It stands where the
    language's own probability exceeds the bar of 95 % of all probabilities, and INACTIVE elsewhere, so
    that a neuron serves every language that exceeds the bar, or none. Tang et al. look at the sign of a
    gated MLP's gate: that is the site `mlp.gate`.
    """
    if n_above_zero.shape[:1] != n_tokens.shape or not n_tokens.all() or len(n_tokens) < 2:
        raise NumericError(
            f"counts of shape {n_above_zero.shape} with {n_tokens.tolist()} tokens: activation needs two "
            "languages or more, with tokens in each"
        )
    probability = n_above_zero / n_tokens[:, None]
    total = probability.sum(axis=0)
    share = np.divide(probability, total, out=np.zeros_like(probability), where=total > 0)
    logarithm = np.log(share, out=np.zeros_like(share), where=share > 0)
    concentration = math.log(len(n_tokens)) + (share * logarithm).sum(axis=0)
    return np.where(probability > _find_bar(probability), np.maximum(concentration, 0), INACTIVE)


def _find_bar(probability: npt.NDArray[np.float64]) -> float:
    rank = max(1, round(probability.size * _BAR))
    return float(np.partition(probability.ravel(), rank - 1)[rank - 1])
