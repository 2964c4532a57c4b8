"""`steer report --all-pairs`: matrices of languages, and tables that are wider than the terminal."""

import csv
import io
import json

import pytest
from rich.console import Console

from polysteer.cli.folding import Folded
from polysteer.errors import ArtifactError
from polysteer.grid import Grid

ASK = ("report", "-e", "tiny", "-l", "ja", "--all-pairs")
LANGUAGES = ("de", "en", "ja")
PAIRS = [(a, b) for a in LANGUAGES for b in LANGUAGES if a != b]


def find_matrix(out: str, title: str) -> list[list[str]]:
    """The lines under a title, up to the next blank one but the first."""
    lines = out[out.index(title) :].splitlines()
    return [line.split() for line in lines[2:8]]


def write_matrix(values: dict[tuple[str, str], float], form: str) -> list[list[str]]:
    """With the means of rows and columns, worked out here."""

    def mean(of: list[float]) -> str:
        return format(100 * sum(of) / len(of), form)

    lines = [
        [
            a,
            *(format(100 * values[a, b], form) for b in LANGUAGES if a != b),
            mean([values[pair] for pair in PAIRS if pair[0] == a]),
        ]
        for a in LANGUAGES
    ]
    into = [mean([values[pair] for pair in PAIRS if pair[1] == b]) for b in LANGUAGES]
    return [*lines, ["mean", *into, mean(list(values.values()))]]


@pytest.mark.usefixtures("project")
def test_matrices_of_baseline_mask_and_difference(run, stored):
    out = run(*ASK)
    before, after = (
        {pair: stored.pick("top1", *of, ends=pair)["value"] for pair in PAIRS}
        for of in (("baseline",), ("mask", "ja"))
    )
    assert find_matrix(out, "top1 (%), baseline\n")[0] == [*LANGUAGES, "mean"]
    assert find_matrix(out, "top1 (%), baseline\n")[2:] == write_matrix(before, ".1f")
    assert find_matrix(out, "top1 (%), ja's mask\n")[2:] == write_matrix(after, ".1f")
    gain = {pair: after[pair] - before[pair] for pair in PAIRS}
    assert find_matrix(out, "ja's mask less baseline\n")[2:] == write_matrix(gain, "+.1f")


@pytest.mark.usefixtures("project")
def test_pairs_for_scripts(run, stored, write):
    answer = json.loads(run(*ASK, "--format", "json"))
    assert answer["summary"]["target"] == "ja"
    (row,) = [row for row in answer["rows"] if (row["source"], row["reference"]) == ("de", "ja")]
    before, after = (
        stored.pick("top1", *of, ends=("de", "ja"))["value"] for of in (("baseline",), ("mask", "ja"))
    )
    assert (row["baseline"], row["steered"], row["layer"], row["candidates"]) == (before, after, "final", 16)
    assert row["difference"] == pytest.approx(after - before)
    assert len(list(csv.DictReader(io.StringIO(run(*ASK, "--format", "csv"))))) == 6
    into_de = write.share(stored.pick("top1", "baseline", ends=("ja", "de")))
    assert f"\n| ja | {into_de} | " in run(*ASK, "--format", "markdown")


@pytest.mark.usefixtures("project")
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
