"""The table of what steering does to the model as a writer."""

from polysteer.report.language_model import grid_language_model
from polysteer.report.measured import Measured, ReportRow


def make_row(arm: str, metric: str, source: str, reference: str | None, value: float, **more) -> ReportRow:
    known = {"experiment": "try", "target": "ja", "view": "same_layer", "layer": None, "k": None, "n": 20}
    spread = {"ci_low": None, "ci_high": None, "candidates": None} | more
    return ReportRow(
        arm=arm, metric=metric, source=source, reference=reference, value=value, **known, **spread
    )


def test_numbers_stand_side_by_side_and_what_is_missing_is_left_out() -> None:
    rows = (
        make_row("baseline", "target_mass", "!ja", "ja", 0.01),
        make_row("mask", "target_mass", "!ja", "ja", 0.25),
        make_row("mask", "target_mass", "ja", "ja", 0.9),
        make_row("baseline", "written_in_own", "!ja", None, 1.0, ci_low=1.0, ci_high=1.0),
        make_row("mask", "written_in_own", "!ja", None, 0.5, ci_low=0.4, ci_high=0.65),
        make_row("baseline", "chrf", "*", "ja", 12.34),
        make_row("mask", "chrf", "*", "ja", 5.0),
    )
    grid = grid_language_model(Measured(rows), "ja")
    assert grid.header == ("of test", "baseline", "mask", "95 %")
    assert grid.rows == (
        ("ja tokens expected in other text", "1.0 %", "25.0 %", "-"),
        ("other prompts continued in their own", "100.0 %", "50.0 %", "40.0..65.0"),
        ("chrF into ja", "12.3", "5.00", "-"),
    )
    assert grid_language_model(Measured(()), "ja").rows == ()
