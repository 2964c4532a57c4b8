"""Broken experiments files are read or refused with a line for each mistake; nothing else is ever raised."""

import importlib.util
from pathlib import Path

_spec = importlib.util.spec_from_file_location(
    "fuzz_config", Path(__file__).parents[2] / "benchmarks" / "fuzz_config.py"
)
assert _spec is not None
assert _spec.loader is not None
fuzz_config = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fuzz_config)


def test_no_input_is_a_crash(tmp_path: Path) -> None:
    outcomes = list(fuzz_config.read_inputs(fuzz_config.make_inputs(400, seed=1), tmp_path))
    assert [outcome for outcome in outcomes if outcome.kind not in ("accepted", "refused")] == []
    assert {outcome.kind for outcome in outcomes} == {"accepted", "refused"}
