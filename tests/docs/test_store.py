"""What docs/store.md shows runs as it stands."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from polysteer.store import MetricRow, build_database, write_metrics
from polysteer.store.database import query_database
from polysteer.store.views import VIEWS

GUIDE = (Path(__file__).parents[2] / "docs" / "store.md").read_text()


SAYS = (
    r"top-1 among 500: 0\.\d+\nxSIM error among 40: 0\.\d+ f1: 0\.\d+\n",
    r"\[{'view': 'same_layer', 'layer': 'final', 'value': 0\.125}\]\n",
)


@pytest.mark.parametrize(
    ("block", "says"),
    list(zip(re.findall(r"```python\n(.*?)```", GUIDE, flags=re.DOTALL), SAYS, strict=True)),
)
def test_python_runs(block: str, says: str, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(says, done.stdout), done.stdout


def test_the_query_is_valid_sql(tmp_path: Path) -> None:
    first, second = re.findall(r"^steer query .*$", GUIDE, flags=re.MULTILINE)
    row = MetricRow(experiment="try", model="m", fingerprint="f", metric="top1", value=0.5)
    write_metrics(tmp_path / "m.parquet", [row])
    build_database([tmp_path / "m.parquet"], tmp_path / "m.duckdb")
    found = query_database(tmp_path / "m.duckdb", shlex.split(first)[2])
    assert found.columns == ("target", "arm", "top1")
    found = query_database(tmp_path / "m.duckdb", shlex.split(second)[2])
    assert found.columns == ("experiment", "made", "k", "value")


def test_every_column_of_experiments_is_explained(tmp_path: Path) -> None:
    section = GUIDE.split("## Which settings numbers are of")[1].split("\n## ")[0]
    told = [
        name
        for cell in re.findall(r"^\| (`.*?) \|", section, flags=re.MULTILINE)
        for name in cell.split(", ")
    ]
    write_metrics(
        tmp_path / "m.parquet", [MetricRow(experiment="t", model="m", fingerprint="f", metric="n", value=1)]
    )
    build_database([tmp_path / "m.parquet"], tmp_path / "m.duckdb")
    columns = query_database(tmp_path / "m.duckdb", "SELECT * FROM experiments").columns
    assert sorted(name.strip("`") for name in told) == sorted(columns)


def test_every_view_is_explained() -> None:
    section = GUIDE.split("## Views")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)`", section, flags=re.MULTILINE)) == set(VIEWS)


def test_every_option_is_one_of_the_reports() -> None:
    from polysteer.cli.main import app

    section = GUIDE.split("## What `steer report` asks")[1].split("\n## ")[0]
    told = set(re.findall(r"`(--[\w-]+)", section))
    shown = CliRunner().invoke(app, ["report", "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"}).stdout
    assert told
    assert told <= set(re.findall(r"--[\w-]+", shown))
