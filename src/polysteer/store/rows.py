"""One number, or one choice, and all that says what it is of: docs/store.md explains the columns."""

import math
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from polysteer.layout import BASELINE
from polysteer.metrics.names import ALL
from polysteer.store.columns import CONFIGURATION, KEY

View = Literal["same_layer", "best_layer"]
"""Every arm at the primary layer, or each at the layer that dev liked best."""


@dataclass(frozen=True, kw_only=True)
class MetricRow:
    """One value. Make one of what all rows of a run share, and the rest from it by `dataclasses.replace`."""

    experiment: str
    model: str
    fingerprint: str
    revision: str | None = None
    target: str | None = None
    arm: str = BASELINE
    intervention: str | None = None
    strength: float | None = None
    sites: str | None = None
    response_pooling: str | None = None
    score: str | None = None
    value_statistic: str | None = None
    k: float | None = None
    draw: int | None = None
    metric: str = ""
    source: str | None = ALL
    reference: str | None = ALL
    layer: str | None = None
    embedding_pooling: str | None = None
    view: View | None = None
    split: str = "test"
    candidates: int | None = None
    value: float = math.nan
    ci_low: float | None = None
    ci_high: float | None = None
    n: int | None = None
    seed: int | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """What no two rows may share."""
        return tuple(getattr(self, name) for name in KEY)


class ChoiceRow(NamedTuple):
    """Which point of an arm dev picked for a view, and at which layer; None is of no layer."""

    of: MetricRow
    view: View
    layer: str | None
    within_budget: bool = True  # False: no point kept to it, and the cheapest was picked

    def record(self) -> dict[str, Any]:
        """As the table of choices has it."""
        configuration = {name: getattr(self.of, name) for name in CONFIGURATION}
        return configuration | {"view": self.view, "layer": self.layer, "within_budget": self.within_budget}


Row = MetricRow | ChoiceRow


def layer_depth(layer: str | None) -> float:
    """Where a layer stands in the model: none first, then by number, `final` last."""
    if layer is None:
        return -1.0
    return math.inf if layer == "final" else float(layer)
