"""What a question is answered with: words and tables for people, records and summaries for scripts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from polysteer.grid import Grid
from polysteer.report.origins import Origins

Record = Mapping[str, Any]


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


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`parts`, lines of words and tables, are read in their order; `facts` are what scripts get besides."""

    parts: tuple[str | Grid, ...]
    records: tuple[Record, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)
    summaries: tuple[Summary, ...] = ()
    origins: Origins = field(default_factory=Origins)


def explain(view: str, note: str, grids: Iterable[Grid], records: Iterable[Record], **facts: Any) -> Answer:
    """An answer of a note and tables; scripts are told view and note."""
    facts = {"view": view, "note": note, **facts}
    return Answer(parts=(note, *grids), records=tuple(records), facts=facts)
