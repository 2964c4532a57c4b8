"""Picking a configuration on dev, within a budget: one rule for experts, controls and rivals alike."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from polysteer.errors import NumericError


class Judged(NamedTuple):
    """A candidate as dev saw it. `cost` is None where it is not defined, and then counts as 1."""

    label: str
    score_by_layer: Mapping[str, float]
    cost: float | None


class Choice(NamedTuple):
    """What was picked, at which layer, and whether it kept to the budget."""

    label: str
    layer: str
    score: float
    cost: float
    within_budget: bool


def choose_at_layer(judged: Sequence[Judged], *, layer: str, cost_at_most: float) -> Choice:
    """The best candidate at one layer, fixed beforehand: the view 'same layer'."""
    options = [_option(candidate, layer) for candidate in judged]
    return _choose(options, cost_at_most)


def choose_with_layer(
    judged: Sequence[Judged], *, cost_at_most: float, skip: Iterable[str] = ("0",)
) -> Choice:
    """The best pair of candidate and layer: the view 'own best layer'.

    Layer 0 lies before every mask and takes no part; pass `skip=()` for a run without one.
    """
    skipped = set(skip)
    options = [
        _option(candidate, layer)
        for candidate in judged
        for layer in candidate.score_by_layer
        if layer not in skipped
    ]
    return _choose(options, cost_at_most)


class _Option(NamedTuple):
    label: str
    layer: str
    score: float
    cost: float


def _option(candidate: Judged, layer: str) -> _Option:
    if layer not in candidate.score_by_layer:
        raise NumericError(
            f"{candidate.label} was not judged at layer {layer!r}; "
            f"it was at {', '.join(candidate.score_by_layer)}"
        )
    cost = 1.0 if candidate.cost is None else candidate.cost
    score = candidate.score_by_layer[layer]
    if score != score or cost != cost:
        raise NumericError(
            f"{candidate.label} at layer {layer}: score {score}, cost {cost}; NaN cannot be ranked"
        )
    return _Option(candidate.label, layer, score, cost)


def _choose(options: Sequence[_Option], cost_at_most: float) -> Choice:
    """The highest score the budget allows; of equals the cheaper, then the one listed first.

    Where the budget allows none, the cheapest; of equals the higher score, then the one listed first.
    """
    if not options:
        raise NumericError("there is nothing to choose from: no candidate was judged at a layer that counts")
    affordable = [option for option in options if option.cost <= cost_at_most]
    if affordable:
        best = min(affordable, key=lambda option: (-option.score, option.cost))
    else:
        best = min(options, key=lambda option: (option.cost, -option.score))
    return Choice(*best, within_budget=bool(affordable))
