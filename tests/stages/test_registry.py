"""Every number that `evaluate` writes is one that is registered, and keeps to its bounds."""

import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from polysteer.config import load_experiments
from polysteer.errors import NumericError
from polysteer.layout import Layout
from polysteer.metrics.registry import METRICS
from polysteer.stages import evaluate
from polysteer.stages.run import Run

ROUNDING = 1e-6


def test_numbers_are_registered_and_lie_within_their_bounds(finished: Path) -> None:
    rows = pq.read_table(Layout(finished / "artifacts").experiment("tiny").metrics).to_pylist()
    assert len({row["metric"] for row in rows}) > 35
    for row in rows:
        metric = METRICS[row["metric"]]
        assert row["value"] == pytest.approx(metric.limit(row["value"]), abs=ROUNDING), row
        for bound in ("ci_low", "ci_high"):
            assert row[bound] is None or row[bound] == metric.limit(row[bound]), row
        assert metric.among_candidates or row["candidates"] is None, row


def test_a_number_that_nobody_registered_is_not_written(
    finished: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(finished / "artifacts", project / "artifacts")
    settings = load_experiments(project / "experiments.yaml").experiments["tiny"]
    run = Run("tiny", settings, Layout(project / "artifacts").experiment("tiny"))
    written = run.layout.metrics.read_bytes()
    monkeypatch.delitem(METRICS, "cost")
    with pytest.raises(NumericError, match="no metric is called 'cost'"):
        evaluate.perform(run)
    assert run.layout.metrics.read_bytes() == written
