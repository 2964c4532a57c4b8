"""How k is spent: over the model, each site or each block; on which end; what languages may not share."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from polysteer.errors import ConfigError
from polysteer.masks.neurons import NeuronTable
from polysteer.ranking.activation import INACTIVE
from polysteer.ranking.selection import Neurons, count_experts, select_own
from polysteer.terms import Ends, Per

Scores = npt.NDArray[np.float32]


@dataclass(frozen=True)
class SelectionRule:
    """By default the best of the whole model.

    `per` says of what k is a fraction or count: the model, each site, or each block with all its sites.
    `ends` both takes half of k from the best and half from the worst. Below `threshold` nothing is an
    expert. Where it is `exclusive`, a neuron that two languages or more would have is an expert of none.
    """

    per: Per = "model"
    ends: Ends = "top"
    threshold: float | None = None
    exclusive: bool = False

    def __post_init__(self) -> None:
        if self.per not in ("model", "site", "block"):
            raise ConfigError(f"per is {self.per!r}; k can be per model, site or block")
        if self.ends not in ("top", "bottom", "both"):
            raise ConfigError(f"ends is {self.ends!r}; experts can be at the top, the bottom or both")
        if self.threshold is not None and self.ends != "top":
            raise ConfigError(
                f"a threshold of {self.threshold} with ends: {self.ends}; the worst neurons are below any "
                "threshold, so use one of the two"
            )


def select_experts(scores: Scores, neurons: NeuronTable, k: float | None, rule: SelectionRule) -> Neurons:
    """One language's experts; `exclusive` needs all languages and is not looked at."""
    if k is None and rule.threshold is None:
        raise ConfigError("neither k nor a threshold says how many neurons are experts; give one of them")
    chosen = [_select_of(group, scores, k, rule.ends) for group in _list_groups(neurons, rule.per)]
    experts = np.sort(np.concatenate(chosen))
    return experts if rule.threshold is None else experts[scores[experts] >= rule.threshold]


def select_by_language(
    scores_by_language: Scores, neurons: NeuronTable, k: float | None, rule: SelectionRule
) -> list[Neurons]:
    """Every language's experts."""
    experts = [select_experts(scores, neurons, k, rule) for scores in scores_by_language]
    return _drop_shared(experts) if rule.exclusive else experts


def select_active(
    scores_by_language: Scores, neurons: NeuronTable, k: float | None, rule: SelectionRule
) -> list[Neurons]:
    """Every language's experts by LAPE: k is of all languages together, each has those it activates."""
    if rule.ends != "top":
        raise ConfigError(f"lape has no worst neurons; use ends: top instead of {rule.ends}")
    best = select_experts(scores_by_language.max(axis=0), neurons, k, rule)
    experts = [best[scores[best] != INACTIVE] for scores in scores_by_language]
    return _drop_shared(experts) if rule.exclusive else experts


def _list_groups(neurons: NeuronTable, per: str) -> list[Neurons]:
    """Numbers of the neurons of each site or block."""
    segments = neurons.segments
    if per == "model":
        return [np.arange(neurons.n_neurons)]
    if per == "site":
        keys = [segment.site for segment in segments]
    else:
        keys = [str(segment.block) for segment in segments]
    return [
        np.concatenate(
            [np.arange(s.start, s.stop) for s, own in zip(segments, keys, strict=True) if own == key]
        )
        for key in dict.fromkeys(keys)
    ]


def _select_of(group: Neurons, scores: Scores, k: float | None, ends: str) -> Neurons:
    if k is None:
        return group
    own = scores[group]
    if ends == "top":
        return group[select_own(own, k)]
    if ends == "bottom":
        return group[select_own(-own, k)]
    n_worst = count_experts(k, len(group)) // 2
    best = select_own(own, count_experts(k, len(group)) - n_worst)
    if not n_worst:
        return group[best]
    others = np.setdiff1d(np.arange(len(group)), best, assume_unique=True)
    chosen: Neurons = group[np.concatenate([best, others[select_own(-own[others], n_worst)]])]
    return chosen


def _drop_shared(experts: list[Neurons]) -> list[Neurons]:
    neurons, n_languages = np.unique(np.concatenate(experts), return_counts=True)
    unshared = neurons[n_languages == 1]
    return [np.intersect1d(own, unshared, assume_unique=True) for own in experts]
