"""`dvc metrics` and `dvc plots` in a real repository, with the wiring that a new project gets."""

import csv
import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from polysteer.config import load_experiments
from polysteer.layout import Layout
from polysteer.project.creation import TEMPLATES
from polysteer.report.plots import CURVES
from polysteer.stages.store import build_store
from polysteer.store import write_metrics
from support.machine import forget_settings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def repository(project, tmp_path_factory, monkeypatch):
    """The store stage alone, and the command that runs a program there."""
    forget_settings(tmp_path_factory.mktemp("settings"), monkeypatch)
    wiring = yaml.safe_load((TEMPLATES / "dvc.yaml").read_text())
    kept = {"stages": {"store": wiring["stages"]["store"]}, "plots": wiring["plots"]}
    (project / "dvc.yaml").write_text(yaml.safe_dump(kept))
    (project / ".gitignore").write_bytes((TEMPLATES / "gitignore").read_bytes())

    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=project, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("git", "init", "--quiet")
    run("dvc", "init", "--quiet")
    return run


def find_points(shown: str, file: str, revision: str) -> list[dict[str, str]]:
    """What a picture has of one revision."""
    (picture,) = json.loads(shown)["data"][file]
    return [point for point in picture["content"]["data"]["values"] if point["rev"] == revision]


LAYERS, FRONT = "artifacts/plots/layers/try.ja.csv", "artifacts/plots/front/try.ja.csv"


def test_dvc_shows_and_compares_the_reports_numbers(repository, project, metrics_rows):
    repository("dvc", "repro", "--quiet")
    repository("git", "add", ".")
    repository("git", "commit", "--quiet", "--message", "before")
    tracked = repository("git", "ls-files", "artifacts").split()
    assert tracked == ["artifacts/summary.json"]

    better = [replace(row, value=0.25) if row.value == 0.187 else row for row in metrics_rows]
    write_metrics(project / "artifacts" / "metrics" / "try.parquet", better)
    repository("dvc", "repro", "--quiet")
    compared = json.loads(repository("dvc", "metrics", "diff", "--json"))["artifacts/summary.json"]
    assert (compared["try.ja.steered"]["old"], compared["try.ja.steered"]["new"]) == (0.187, 0.25)

    shown = repository("dvc", "plots", "diff", "HEAD", "--json")
    for revision, top1 in (("HEAD", "0.187"), ("workspace", "0.25")):
        curve = [point for point in find_points(shown, LAYERS, revision) if point["field"] == "steered"]
        assert [(point["depth"], point["layer"], point["steered"]) for point in curve] == [
            ("0", "0", "0.3"),
            ("1", "1", "0.16"),
            ("2", "final", top1),
        ]
        front = find_points(shown, FRONT, revision)
        assert [(point["cost"], point["top1"]) for point in front] == [("1.05", "0.14"), ("1.2", "0.2")]


def test_pictures_of_removed_targets_go(project):
    stale = project / "artifacts" / "plots" / "layers" / "gone.ja.csv"
    stale.parent.mkdir(parents=True)
    stale.write_text("depth,layer\n")
    build_store(load_experiments(project / "experiments.yaml"), Layout(project / "artifacts"))
    names = sorted(path.name for path in (project / "artifacts" / "plots").glob("*/*"))
    assert names == ["try.de.csv", "try.de.csv", "try.ja.csv", "try.ja.csv"]


@pytest.mark.parametrize("wiring", [ROOT / "dvc.yaml", TEMPLATES / "dvc.yaml"])
def test_every_column_that_dvc_draws_is_written(project, wiring):
    build_store(load_experiments(project / "experiments.yaml"), Layout(project / "artifacts"))
    drawn = dict(pair for one in yaml.safe_load(wiring.read_text())["plots"] for pair in one.items())
    assert drawn["artifacts/plots/layers"]["y"] == list(CURVES)
    for folder, axes in drawn.items():
        wanted = {axes["x"], *(axes["y"] if isinstance(axes["y"], list) else [axes["y"]])}
        for file in (project / folder).iterdir():
            assert wanted <= set(next(csv.reader(file.open())))
