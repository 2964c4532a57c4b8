"""Broken experiments files are read or refused with a line for each mistake; nothing else is ever raised."""

from pathlib import Path

from support.benchmarks import load_benchmark

fuzz_config = load_benchmark("fuzz_config")


def test_no_input_is_a_crash(tmp_path: Path) -> None:
    outcomes = list(fuzz_config.read_inputs(fuzz_config.make_inputs(400, seed=1), tmp_path))
    assert [outcome for outcome in outcomes if outcome.kind not in ("accepted", "refused")] == []
    assert {outcome.kind for outcome in outcomes} == {"accepted", "refused"}
