"""What steering does to the model as a writer: whose tokens it expects, in what language it writes."""

from polysteer.grid import Grid
from polysteer.layout import BASELINE, MASK
from polysteer.metrics.names import ALL, excluding
from polysteer.report.digits import write_interval, write_with_unit
from polysteer.report.measured import Measured
from polysteer.report.shown_arms import name_arm


def grid_language_model(measured: Measured, target: str) -> Grid:
    """The baseline and the mask; no rows where none of it was measured."""
    others = excluding(target)
    asked: tuple[tuple[str, str, str, str | None], ...] = (
        (f"{target} tokens expected in {target} text", "target_mass", target, target),
        (f"{target} tokens expected in other text", "target_mass", others, target),
        (f"other prompts continued in {target}", "written_in_target", others, target),
        ("other prompts continued in their own", "written_in_own", others, None),
        (f"chrF into {target}", "chrf", ALL, target),
        (f"chrF out of {target}", "chrf", target, ALL),
        (f"BLEU into {target}", "bleu", ALL, target),
        (f"BLEU out of {target}", "bleu", target, ALL),
    )
    lines = []
    for name, metric, source, reference in asked:
        before, after = (
            measured.find(arm, metric, source=source, reference=reference) for arm in (BASELINE, MASK)
        )
        if before and after:
            values = (write_with_unit(metric, row.value) for row in (before, after))
            lines.append((name, *values, write_interval(metric, after.ci_low, after.ci_high)))
    header = ("of test", name_arm(BASELINE), name_arm(MASK), "95 %")
    return Grid("The language model, same layer", header, tuple(lines))
