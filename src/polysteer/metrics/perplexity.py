"""Perplexity per language from summed token losses, and what an intervention costs in it."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from polysteer.errors import NumericError


class LanguageLoss(NamedTuple):
    """Summed negative log likelihood, in nats, of a language's text, and how much text that was."""

    nll: float
    n_tokens: int
    n_bytes: int

    @property
    def mean_nll(self) -> float:
        """Nats per token."""
        if self.n_tokens < 1:
            raise NumericError("perplexity of no tokens is not defined; give text of two tokens or more")
        return self.nll / self.n_tokens

    @property
    def perplexity(self) -> float:
        """Exponential of the mean loss per token; infinite where that overflows."""
        return _exp(self.mean_nll)

    @property
    def bits_per_byte(self) -> float:
        """Bits per byte of text: comparable between tokenizers."""
        if self.n_bytes < 1:
            raise NumericError("bits per byte of no text are not defined; give text that is not empty")
        return self.nll / math.log(2) / self.n_bytes


def measure_cost(
    plain: Mapping[str, LanguageLoss], steered: Mapping[str, LanguageLoss], target: str | None
) -> float:
    """The larger of two perplexity ratios, steered over plain: on the target, and on the others together.

    The second is the geometric mean over the other languages. With no other language only the first counts;
    of what has no target it is the geometric mean over all languages.
    """
    if set(plain) != set(steered):
        raise NumericError(
            f"losses are of {', '.join(sorted(plain))} without a mask but of {', '.join(sorted(steered))} "
            "under it; measure the same languages both times"
        )
    if target is not None and target not in plain:
        raise NumericError(f"no losses of the target {target!r}; there are {', '.join(sorted(plain))}")
    log_ratio = {name: steered[name].mean_nll - plain[name].mean_nll for name in sorted(plain)}
    others = [ratio for name, ratio in log_ratio.items() if name != target]
    log_costs = [] if target is None else [log_ratio[target]]
    log_costs += [float(np.mean(others))] if others else []
    if not np.isfinite(log_costs).all():
        what = "with the subspace erased" if target is None else f"under the mask of {target}"
        raise NumericError(f"token losses {what} are not finite; it cannot be judged")
    return _exp(max(log_costs))


def _exp(nats: float) -> float:
    try:
        return math.exp(nats)
    except OverflowError:
        return math.inf
