"""The numbers of one target, and how one of them is found."""

from collections.abc import Iterable
from dataclasses import dataclass

from polysteer.report.shown_arms import order_arms


@dataclass(frozen=True, kw_only=True)
class ReportRow:
    """One number of the table. `view`: same_layer, best_layer, curve, efficiency, at_layer (if asked for)."""

    experiment: str
    target: str | None
    view: str
    arm: str
    metric: str
    source: str | None
    reference: str | None
    layer: str | None = None
    k: float | None = None
    value: float
    ci_low: float | None = None
    ci_high: float | None = None
    n: int | None = None
    candidates: int | None = None
    revision: str | None = None
    embedding_pooling: str | None = None


@dataclass(frozen=True)
class Measured:
    """Every number of one target, or of an experiment that has none."""

    rows: tuple[ReportRow, ...]

    def find(
        self,
        arm: str,
        metric: str,
        *,
        view: str = "same_layer",
        source: str | None = "*",
        reference: str | None = "*",
    ) -> ReportRow | None:
        """The row of one number, or None where it was not measured."""
        wanted = (arm, metric, view, source, reference)
        for row in self.rows:
            if (row.arm, row.metric, row.view, row.source, row.reference) == wanted:
                return row
        return None

    def value(self, arm: str, metric: str) -> float | None:
        """A mean over all pairs, or None where it was not measured."""
        row = self.find(arm, metric)
        return row.value if row else None

    def list_arms(self) -> list[str]:
        """In the order of tables."""
        return order_arms(row.arm for row in self.rows)

    def find_means(self, metric: str, view: str) -> dict[str, ReportRow]:
        """Each arm's mean over all pairs or languages."""
        return {
            row.arm: row
            for row in self._select(metric, view)
            if row.source == "*" and row.reference in ("*", None)
        }

    def find_by_language(self, metric: str, view: str, arm: str) -> dict[str, float]:
        """What is measured of each language, not of pairs."""
        return {
            row.source: row.value
            for row in self._select(metric, view)
            if row.arm == arm and row.reference is None and row.source not in ("*", None)
        }

    def find_by_layer(self, metric: str, arm: str) -> dict[str, float]:
        """The mean at every layer."""
        return {str(row.layer): row.value for row in self._select(metric, "curve") if row.arm == arm}

    def _select(self, metric: str, view: str) -> Iterable[ReportRow]:
        return (row for row in self.rows if (row.metric, row.view) == (metric, view))
