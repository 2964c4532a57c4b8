"""The database's views, against the rows that they are made of."""

from dataclasses import replace

import pytest

from polysteer.store import ChoiceRow, MetricRow, build_database, query_database, write_metrics


def test_front_marks_masks_that_no_other_beats(tmp_path):
    base = MetricRow(experiment="try", model="m", fingerprint="f", target="ja", arm="mask")
    rows = [ChoiceRow(replace(base, k=0.5), "same_layer", "final")]
    points = {0.1: (0.14, 1.05), 0.2: (0.20, 1.20), 0.3: (0.19, 1.30), 0.5: (0.20, 1.20), 0.9: (0.30, 9.0)}
    for k, (top1, cost) in points.items():
        rows.append(replace(base, k=k, metric="top1", layer="final", split="dev", value=top1))
        rows.append(replace(base, k=k, metric="top1", layer="1", split="dev", value=1.0))
        rows.append(replace(base, k=k, metric="cost", split="dev", value=cost))
    rows.append(
        replace(base, arm="random_neurons", draw=0, metric="top1", layer="final", split="dev", value=1.0)
    )
    write_metrics(tmp_path / "m.parquet", rows)
    build_database([tmp_path / "m.parquet"], tmp_path / "m.duckdb")
    found = query_database(tmp_path / "m.duckdb", "SELECT k, top1, cost, on_front FROM front ORDER BY k")
    assert found.rows == [(k, *points[k], k != 0.3) for k in points]


def test_headline_has_one_row_per_view_method_and_draw(database, stored):
    found = query_database(
        database,
        """SELECT view, value FROM headline
           WHERE experiment = 'tiny' AND arm = 'mask' AND target = 'ja' ORDER BY view""",
    )
    expected = [(view, stored.pick("top1", "mask", "ja", view=view)["value"]) for view, _ in found.rows]
    assert found.rows == expected
    assert found.column("view") == ["best_layer", "same_layer"]
    draws = query_database(
        database,
        "SELECT value FROM headline WHERE experiment = 'tiny' AND arm = 'random_neurons' AND target = 'ja'",
    )
    drawn = [
        row["value"]
        for view in ("same_layer", "best_layer")
        for row in stored.list_picked("top1", "random_neurons", "ja", view=view)
    ]
    assert sorted(draws.column("value")) == sorted(drawn)


def test_curve_averages_draws(database, stored):
    found = query_database(
        database,
        """SELECT layer, value, least, most, draws FROM by_layer
           WHERE experiment = 'tiny' AND target = 'de' AND arm = 'random_neurons' AND metric = 'top1'""",
    )
    values = [row["value"] for row in stored.list_picked("top1", "random_neurons", "de")]
    mean = pytest.approx(sum(values) / 3)
    assert found.rows == [("final", mean, min(values), max(values), 3)]


def test_pairs_leave_out_means(database, stored):
    found = query_database(
        database,
        """SELECT source, reference, value, draws FROM by_pair
           WHERE experiment = 'tiny' AND arm = 'baseline' AND metric = 'top1' ORDER BY ALL""",
    )
    pairs = [(a, b) for a in ("de", "en", "ja") for b in ("de", "en", "ja") if a != b]
    assert found.rows == [(*pair, stored.pick("top1", "baseline", ends=pair)["value"], 1) for pair in pairs]
