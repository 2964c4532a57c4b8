"""`steer report --all-pairs`: matrices of languages, and tables that are wider than the terminal."""

import csv
import io
import json

import pytest
from rich.console import Console

from polysteer.cli.folding import Folded
from polysteer.errors import ArtifactError
from polysteer.report import Grid

ASK = ("report", "-e", "try", "-l", "ja", "--all-pairs")


def find_matrix(out: str, title: str) -> list[list[str]]:
    """The lines under a title, up to the next blank one but the first."""
    lines = out[out.index(title) :].splitlines()
    return [line.split() for line in lines[2:8]]


@pytest.mark.usefixtures("study")
def test_matrices_of_baseline_mask_and_difference(run):
    out = run(*ASK)
    assert find_matrix(out, "top1 (%), baseline\n")[0] == ["de", "en", "ja", "mean"]
    assert find_matrix(out, "top1 (%), baseline\n")[2:] == [
        ["de", "10.0", "20.0", "15.0"],
        ["en", "11.0", "21.0", "16.0"],
        ["ja", "12.0", "22.0", "17.0"],
        ["mean", "11.5", "16.0", "20.5", "16.0"],
    ]
    assert find_matrix(out, "ja's mask less baseline\n")[2:] == [
        ["de", "+5.0", "+10.0", "+7.5"],
        ["en", "-1.0", "+10.0", "+4.5"],
        ["ja", "+1.0", "+3.0", "+2.0"],
        ["mean", "+0.0", "+4.0", "+10.0", "+4.7"],
    ]


@pytest.mark.usefixtures("study")
def test_pairs_for_scripts(run):
    answer = json.loads(run(*ASK, "--format", "json"))
    assert answer["summary"]["target"] == "ja"
    (row,) = [row for row in answer["rows"] if (row["source"], row["reference"]) == ("de", "ja")]
    assert (row["baseline"], row["steered"], row["layer"], row["candidates"]) == (0.2, 0.3, "final", 500)
    assert row["difference"] == pytest.approx(0.1)
    assert len(list(csv.DictReader(io.StringIO(run(*ASK, "--format", "csv"))))) == 6
    assert "| de |  | 10.0 | 20.0 | 15.0 |" in run(*ASK, "--format", "markdown")


@pytest.mark.usefixtures("study")
def test_pairs_that_were_not_kept_say_so(run):
    with pytest.raises(ArtifactError, match="no top1 of single pairs at layer 1 under ja's mask"):
        run(*ASK, "--layer", "1")
    with pytest.raises(ArtifactError, match="no mrr of single pairs under ja's mask"):
        run(*ASK, "--metric", "mrr")


@pytest.mark.parametrize("width", [30, 40, 80, 200])
def test_a_wide_table_is_folded_and_loses_nothing(width):
    languages = [f"lang{i}" for i in range(17)]
    rows = tuple((one, *(f"{one}x{other}" for other in languages)) for one in languages)
    console = Console(width=width)
    with console.capture() as capture:
        console.print(Folded(Grid("wide", ("", *languages), rows)))
    out = capture.get()
    words = out.split()
    assert all(words.count(cell) == 1 for row in rows for cell in row[1:])
    assert max(len(line.rstrip()) for line in out.splitlines()) <= width
    n_parts = out.count("wide")
    assert all(words.count(one) == n_parts + 1 for one in languages)
