"""Rows to store."""

import pytest

from polysteer.store import MetricRow


@pytest.fixture
def row() -> MetricRow:
    return MetricRow(
        experiment="try",
        model="builtin",
        fingerprint="0123456789abcdef",
        target="ja",
        arm="mask",
        intervention="set",
        score="ap",
        k=0.1,
        metric="top1",
        layer="final",
        value=0.25,
        ci_low=0.2,
        ci_high=0.3,
        n=500,
        candidates=500,
    )
