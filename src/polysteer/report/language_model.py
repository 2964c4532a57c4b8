"""What steering does to the model as a writer: whose tokens it expects, in what language it writes."""

from typing import NamedTuple

from polysteer.grid import Grid
from polysteer.layout import BASELINE, MASK
from polysteer.metrics.names import ALL, excluding
from polysteer.report.digits import write_interval, write_with_unit
from polysteer.report.measured import Measured
from polysteer.report.shown_arms import name_arm


class Line(NamedTuple):
    """One number of a table, and where it stands among the rows."""

    name: str
    metric: str
    source: str
    reference: str | None


def draw_language_model(measured: Measured, target: str) -> Grid:
    """The baseline and the mask; no rows where none of it was measured."""
    lines = []
    for line in _list_lines(target):
        before, after = (
            measured.find(arm, line.metric, source=line.source, reference=line.reference)
            for arm in (BASELINE, MASK)
        )
        if before and after:
            values = (write_with_unit(line.metric, row.value) for row in (before, after))
            interval = write_interval(line.metric, after.ci_low, after.ci_high)
            lines.append((line.name, *values, interval))
    header = ("of test", name_arm(BASELINE), name_arm(MASK), "95 %")
    return Grid("The language model, same layer", header, tuple(lines))


def _list_lines(target: str) -> list[Line]:
    others = excluding(target)
    return [
        Line(f"{target} tokens expected in {target} text", "target_mass", target, target),
        Line(f"{target} tokens expected in other text", "target_mass", others, target),
        Line(f"other prompts continued in {target}", "written_in_target", others, target),
        Line("other prompts continued in their own", "written_in_own", others, None),
        Line(f"chrF into {target}", "chrf", ALL, target),
        Line(f"chrF out of {target}", "chrf", target, ALL),
        Line(f"BLEU into {target}", "bleu", ALL, target),
        Line(f"BLEU out of {target}", "bleu", target, ALL),
    ]
