"""Rows on disk: columns, order, bytes."""

import math
import random
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from polysteer.errors import ArtifactError
from polysteer.store import MetricRow, excluding, write_metrics

CONTRACT = """
    experiment model revision target arm intervention strength sites response_pooling score value_statistic k
    draw metric source reference layer embedding_pooling view split candidates value ci_low ci_high n seed
    fingerprint
"""


def test_columns_are_the_contract(tmp_path, row):
    write_metrics(tmp_path / "m.parquet", [row])
    assert pq.read_schema(tmp_path / "m.parquet").names == CONTRACT.split()


def test_values_come_back(tmp_path, row):
    infinite = replace(row, metric="cost", layer=None, value=math.inf, ci_low=None, ci_high=None)
    write_metrics(tmp_path / "m.parquet", [row, infinite])
    cost, top1 = pq.read_table(tmp_path / "m.parquet").to_pylist()
    assert MetricRow(**top1) == row
    assert MetricRow(**cost) == infinite


def test_same_rows_in_any_order_are_the_same_bytes(tmp_path, row):
    rows = [
        replace(row, layer=layer, draw=draw, k=k, source=source)
        for layer in ("0", "2", "10", "final", None)
        for draw in (None, 0, 3)
        for k in (None, 0.1)
        for source in ("*", "en", excluding("ja"), None)
    ]
    write_metrics(tmp_path / "a.parquet", rows)
    random.Random(0).shuffle(rows)
    write_metrics(tmp_path / "b.parquet", rows)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_layers_are_in_the_order_of_the_model(tmp_path, row):
    write_metrics(
        tmp_path / "m.parquet", [replace(row, layer=layer) for layer in ("final", "10", None, "2", "0")]
    )
    assert pq.read_table(tmp_path / "m.parquet")["layer"].to_pylist() == [None, "0", "2", "10", "final"]


def test_a_thing_measured_twice_is_refused(tmp_path, row):
    with pytest.raises(ArtifactError, match=r"same thing: .*target ja.*layer final"):
        write_metrics(tmp_path / "m.parquet", [row, replace(row, value=0.5)])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("change", [{"value": math.nan}, {"metric": ""}])
def test_a_row_without_value_or_metric_is_refused(tmp_path, row, change):
    with pytest.raises(ArtifactError, match="lacks its metric or its value"):
        write_metrics(tmp_path / "m.parquet", [replace(row, **change)])
