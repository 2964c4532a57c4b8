"""Two runs are compared number by number: what was changed in a copy is found, and nothing else."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from polysteer.jsonfile import read_json, write_json
from polysteer.store.files import write_metrics
from polysteer.store.rows import MetricRow
from polysteer.tensorfile import open_tensors, write_tensors

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "compare_runs.py"


def compare(old: Path, new: Path, *options: str) -> tuple[int, list[str]]:
    command = [sys.executable, str(SCRIPT), str(old), str(new), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def find_line(lines: list[str], kind: str) -> str:
    (line,) = (line for line in lines if line.startswith(kind))
    return line


def change_tensor(path: Path, name: str) -> None:
    """The last number grows by 2."""
    file = open_tensors(path)
    tensors = {one: np.array(file.read(one)) for one in file.entries}
    tensors[name].reshape(-1)[-1] += 2
    bfloat16 = [one for one, entry in file.entries.items() if entry.dtype == "BF16"]
    write_tensors(path, tensors, file.metadata, bfloat16=bfloat16)


def change_json(path: Path, **facts: object) -> None:
    write_json(path, read_json(path, remedy="") | facts)


def read_rows(path: Path) -> list[MetricRow]:
    return [MetricRow(**row) for row in pq.read_table(path, partitioning=None).to_pylist()]


@pytest.fixture
def old(finished: Path, tmp_path: Path) -> Path:
    """A finished run, with files that its settings do not ask for."""
    folder = tmp_path / "old"
    shutil.copytree(finished / "artifacts", folder)
    of_target = folder / "tiny" / "vectors" / "de"
    write_json(of_target / "efficiency" / "halves.json", {"jaccard": [0.5, 0.25], "fingerprint": "a"})
    write_json(of_target / "x" / "written" / "de.json", {"prompts": ["Ein"], "texts": ["Ein Hund"]})
    return folder


@pytest.fixture
def new(old: Path, tmp_path: Path) -> Path:
    return shutil.copytree(old, tmp_path / "new")


def test_a_run_is_like_itself_whatever_its_stamps(old: Path, new: Path) -> None:
    change_json(new / "tiny/vectors/de/efficiency/halves.json", fingerprint="b")
    metrics = new / "metrics" / "tiny.parquet"
    write_metrics(metrics, [replace(row, fingerprint="b") for row in read_rows(metrics)])
    status, lines = compare(old, new)
    assert status == 0
    assert len(lines) >= 9
    assert all(", 0 differ, largest difference 0" in line for line in lines)
    assert f"{len(read_rows(metrics)):,} compared" in find_line(lines, "metric rows")


def test_a_number_that_changed_is_found_in_every_kind_of_file(old: Path, new: Path) -> None:
    vectors = new / "tiny" / "vectors"
    change_tensor(vectors / "baseline" / "de.test.safetensors", "vectors")
    change_tensor(vectors / "baseline" / "de.test.tokens.safetensors", "counts")
    change_tensor(next((vectors / "de" / "judged").iterdir()), "ranks")
    change_tensor(new / "tiny" / "chosen" / "ja.safetensors", "value")
    change_tensor(new / "tiny" / "masks" / "scores.safetensors", "value/token_mean")
    change_tensor(new / "tiny" / "responses" / "en" / "shard-00000.safetensors", "mean")
    layer = read_json(vectors / "de" / "choice.json", remedy="")["same_layer"]
    change_json(vectors / "de" / "choice.json", same_layer=layer | {"score": layer["score"] + 2})
    change_json(vectors / "de" / "efficiency" / "halves.json", jaccard=[0.5, 2.25])
    change_json(vectors / "de" / "x" / "written" / "de.json", texts=["Ein Kind"])
    metrics = new / "metrics" / "tiny.parquet"
    first, *others = read_rows(metrics)
    write_metrics(metrics, [replace(first, value=first.value + 2), *others])
    status, lines = compare(old, new)
    assert status == 1
    numbers = ("metric rows", "responses", "scores", "masks", "judgements", "choices", "agreements", "tokens")
    for kind in (*numbers, "sentence vectors"):
        assert find_line(lines, kind).endswith(", 1 differ, largest difference 2")
    assert any("ja.safetensors: value: 1 of " in line for line in lines)
    assert ", 1 differ, " in find_line(lines, "written texts")
    assert any("'Ein Hund' in OLD, 'Ein Kind' in NEW" in line for line in lines)


def test_the_last_bit_counts(old: Path, new: Path) -> None:
    metrics = new / "metrics" / "tiny.parquet"
    first, *others = read_rows(metrics)
    write_metrics(metrics, [replace(first, value=float(np.nextafter(first.value, 9))), *others])
    status, lines = compare(old, new)
    assert status == 1
    assert ", 1 differ, " in find_line(lines, "metric rows")


def test_what_one_side_lacks_is_named(old: Path, new: Path) -> None:
    (new / "tiny" / "vectors" / "de" / "choice.json").unlink()
    metrics = old / "metrics" / "tiny.parquet"
    rows = read_rows(metrics)
    write_metrics(metrics, [row for row in rows if row.metric != "mrr"])
    status, lines = compare(old, new)
    assert status == 1
    assert ", 1 only in OLD," in find_line(lines, "choices")
    n_lost = sum(row.metric == "mrr" for row in rows)
    assert n_lost
    assert f", {n_lost:,} only in NEW," in find_line(lines, "metric rows")
    assert any("only in NEW: " in line and "metric mrr" in line for line in lines)


def test_words_and_columns_may_be_others(old: Path, new: Path, tmp_path: Path) -> None:
    """By hand, as a later version would write them."""
    metrics = new / "metrics" / "tiny.parquet"
    table = pq.read_table(metrics, partitioning=None)
    ways = ["plain" if word == "baseline" else word for word in table["arm"].to_pylist()]
    names = ["way" if name == "arm" else name for name in table.column_names]
    table = table.set_column(names.index("way"), "way", [ways])
    pq.write_table(table.append_column("title", [ways]), metrics)
    (new / "tiny" / "vectors" / "baseline").rename(new / "tiny" / "vectors" / "plain")
    assert compare(old, new)[0] == 1
    words = tmp_path / "words.json"
    renames = {
        "columns": {"arm": "way"},
        "words": {"way": {"baseline": "plain"}},
        "paths": {"/baseline/": "/plain/"},
        "added": ["title"],
    }
    words.write_text(json.dumps(renames))
    status, lines = compare(old, new, "--rename", str(words))
    assert status == 0
    assert all(", 0 differ, largest difference 0" in line for line in lines)


def test_folders_without_artifacts_are_no_success(tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), str(tmp_path), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "holds no artifacts" in done.stderr
