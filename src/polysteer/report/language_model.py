"""What steering does to the model as a writer: whose tokens it expects, in what language it writes."""

from typing import NamedTuple

from polysteer.metrics.names import ALL, excluding
from polysteer.report.data import Grid, Report
from polysteer.report.methods import STEERED, name_method
from polysteer.report.units import write_interval, write_with_unit

METHODS = ("baseline", STEERED)


class Line(NamedTuple):
    """One number of a table, and where it stands among the rows."""

    name: str
    metric: str
    source: str
    reference: str | None


def grid_language_model(report: Report, target: str) -> Grid:
    """The baseline and the mask; no rows where none of it was measured."""
    lines = []
    for line in _list_lines(target):
        before, after = (
            report.find(target, method, line.metric, source=line.source, reference=line.reference)
            for method in METHODS
        )
        if before and after:
            values = (write_with_unit(line.metric, row.value) for row in (before, after))
            interval = write_interval(line.metric, after.ci_low, after.ci_high)
            lines.append((line.name, *values, interval))
    header = ("of test", *map(name_method, METHODS), "95 %")
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
