"""What a report is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Summary:
    """The answer for one target: the view 'same layer', on test. None is what was not measured.

    Where experts are not held at all, there is one answer, of erasing inside the model, and no target.
    """

    target: str | None
    experiment: str
    layer: str | None
    k: float | None
    candidates: int | None
    baseline: float
    steered: float
    control: float | None
    centred: float | None
    surface: float | None
    ratio: float | None
    ci_low: float | None
    ci_high: float | None
    p_value: float | None
    control_rank: int | None
    draws: int
    cost: float

    @property
    def name(self) -> str:
        """How tables call the target."""
        return self.target or "all"


@dataclass(frozen=True)
class ReportRow:
    """One number of the table. `view`: same_layer, best_layer, curve, efficiency, at_layer (if asked for)."""

    experiment: str
    target: str | None
    view: str
    method: str
    metric: str
    source: str | None
    reference: str | None
    layer: str | None
    k: float | None
    value: float
    ci_low: float | None
    ci_high: float | None
    n: int | None
    candidates: int | None
    revision: str | None = None
    embedding_pooling: str | None = None


@dataclass(frozen=True)
class Swept:
    """The chosen mask's sites and pooling of responses, its intervention, its strength; None is no sweep."""

    experiment: str
    target: str
    sites: str | None
    response_pooling: str | None
    intervention: str | None
    strength: float | None


@dataclass(frozen=True)
class Report:
    """One summary per target, and every number behind them."""

    summaries: tuple[Summary, ...]
    rows: tuple[ReportRow, ...]
    swept: tuple[Swept, ...] = ()

    def find(
        self,
        target: str | None,
        method: str,
        metric: str,
        *,
        view: str = "same_layer",
        source: str | None = "*",
        reference: str | None = "*",
    ) -> ReportRow | None:
        """The row of one number, or None where it was not measured."""
        wanted = (target, method, metric, view, source, reference)
        for row in self.rows:
            if (row.target, row.method, row.metric, row.view, row.source, row.reference) == wanted:
                return row
        return None

    def find_swept(self, summary: Summary) -> Swept | None:
        """What was chosen of the sites and poolings that were swept, if any were."""
        wanted = (summary.experiment, summary.target)
        return next((one for one in self.swept if (one.experiment, one.target) == wanted), None)

    def value(
        self, target: str | None, method: str, metric: str, *, view: str = "same_layer"
    ) -> float | None:
        """A mean over all pairs, or None where it was not measured."""
        row = self.find(target, method, metric, view=view)
        return row.value if row else None


@dataclass(frozen=True)
class Grid:
    """A table of finished text; the first column names the rows."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Answer:
    """What one option of the report asks for: words, tables for people, and records for scripts."""

    view: str
    note: str
    grids: tuple[Grid, ...]
    records: tuple[Mapping[str, Any], ...]
    facts: Mapping[str, Any] = field(default_factory=dict)  # what scripts get besides
