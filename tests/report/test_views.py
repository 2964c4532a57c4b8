"""The database's views, on the same hand-made numbers."""

from dataclasses import replace

from polysteer.store import MetricRow, build_database, query_database, write_metrics


def test_front_marks_masks_that_no_other_beats(tmp_path):
    base = MetricRow(experiment="try", model="m", fingerprint="f", target="ja", intervention="set")
    rows = [replace(base, k=0.5, metric="chosen_same_layer", layer="final", split="dev", value=1.0)]
    points = {0.1: (0.14, 1.05), 0.2: (0.20, 1.20), 0.3: (0.19, 1.30), 0.5: (0.20, 1.20), 0.9: (0.30, 9.0)}
    for k, (top1, cost) in points.items():
        rows.append(replace(base, k=k, metric="top1", layer="final", split="dev", value=top1))
        rows.append(replace(base, k=k, metric="top1", layer="1", split="dev", value=1.0))
        rows.append(replace(base, k=k, metric="cost", split="dev", value=cost))
    rows.append(
        replace(base, intervention="random", draw=0, metric="top1", layer="final", split="dev", value=1.0)
    )
    write_metrics(tmp_path / "m.parquet", rows)
    build_database([tmp_path / "m.parquet"], tmp_path / "m.duckdb")
    found = query_database(tmp_path / "m.duckdb", "SELECT k, top1, cost, on_front FROM front ORDER BY k")
    assert found.rows == [(k, *points[k], k != 0.3) for k in points]


def test_headline_has_one_row_per_view_method_and_draw(database):
    found = query_database(
        database,
        "SELECT view, value FROM headline WHERE intervention = 'set' AND target = 'ja' ORDER BY view",
    )
    assert found.rows == [("best_layer", 0.18), ("same_layer", 0.187)]
    draws = query_database(
        database, "SELECT count(*) FROM headline WHERE intervention = 'random' AND target = 'ja'"
    )
    assert draws.rows == [(78,)]


def test_curve_averages_draws(database):
    found = query_database(
        database,
        "SELECT layer, least, most, draws FROM by_layer WHERE target = 'de' AND intervention = 'random'",
    )
    assert found.column("layer") == ["0", "1", "final"]
    assert found.rows[2][1:] == (0.11, 0.13, 39)


def test_pairs_leave_out_means(tmp_path, metrics_rows):
    pair = next(
        row for row in metrics_rows if row.metric == "top1" and row.layer == "final" and row.target is None
    )
    rows = [*metrics_rows, replace(pair, source="en", reference="ja", value=0.4)]
    write_metrics(tmp_path / "m.parquet", rows)
    build_database([tmp_path / "m.parquet"], tmp_path / "m.duckdb")
    assert query_database(
        tmp_path / "m.duckdb", "SELECT source, reference, value, draws FROM by_pair"
    ).rows == [("en", "ja", 0.4, 1)]
