"""Masks as plain tables, read back with other readers."""

import csv

import duckdb
import numpy as np
import pytest

from polysteer.errors import MaskError
from polysteer.masks import ExpertMask, MaskMetadata
from polysteer.sharing.tables import export_table


def make_mask(language, *, scored):
    numbers = np.array([0.1, -2.5, 3e-9], np.float32) if scored else None
    metadata = MaskMetadata(
        language=language, sites=["mlp.hidden", "attn.out"], experts="own", intervention="ablate"
    )
    return ExpertMask(
        metadata,
        np.array([0, 0, 1], np.uint8),
        np.array([1, 4, 0], np.int32),
        np.array([5, 2, 70_000], np.int32),
        numbers,
        numbers,
    )


PLACES = [("mlp.hidden", 1, 5), ("mlp.hidden", 4, 2), ("attn.out", 0, 70_000)]


def test_csv_holds_every_neuron_and_exact_numbers(tmp_path):
    mask = make_mask("ja", scored=True)
    export_table([mask], tmp_path / "ja.csv")
    with (tmp_path / "ja.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["site"], int(row["block"]), int(row["unit"])) for row in rows] == PLACES
    assert [np.float32(row["value"]) for row in rows] == mask.value.tolist()
    assert {row["language"] for row in rows} == {"ja"}


def test_parquet_of_several_masks_leaves_gaps_where_nothing_is_known(tmp_path):
    path = tmp_path / "all.parquet"
    export_table([make_mask("ja", scored=True), make_mask("en", scored=False)], path)
    rows = duckdb.sql(f"SELECT language, site, block, unit, score FROM '{path}'").fetchall()
    assert [row[1:4] for row in rows] == PLACES * 2
    assert [row[4] for row in rows if row[0] == "en"] == [None] * 3


def test_columns_that_nobody_knows_are_not_there(tmp_path):
    export_table([make_mask("en", scored=False)], tmp_path / "en.csv")
    assert (tmp_path / "en.csv").read_text().splitlines()[0] == '"language","site","block","unit"'
    with pytest.raises(MaskError, match=r"\.csv or \.parquet"):
        export_table([make_mask("en", scored=False)], tmp_path / "en.xlsx")
