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


LAYERS, FRONT = "artifacts/plots/layers/tiny.ja.csv", "artifacts/plots/front/tiny.ja.csv"
DEPTHS = ("0", "1", "2", "3", "final")


def test_dvc_shows_and_compares_the_reports_numbers(repository, stored, rewrite):
    repository("dvc", "repro", "--quiet")
    repository("git", "add", ".")
    repository("git", "commit", "--quiet", "--message", "before")
    tracked = repository("git", "ls-files", "artifacts").split()
    assert tracked == ["artifacts/summary.json"]

    mask = stored.pick("top1", "mask", "ja")
    rewrite(change=lambda rows: [replace(row, value=0.25) if vars(row) == mask else row for row in rows])
    repository("dvc", "repro", "--quiet")
    compared = json.loads(repository("dvc", "metrics", "diff", "--json"))["artifacts/summary.json"]
    steered = compared["tiny.ja.steered"]
    assert (steered["old"], steered["new"]) == (mask["value"], 0.25)

    shown = repository("dvc", "plots", "diff", "HEAD", "--json")
    below = [str(stored.pick("top1", "mask", "ja", layer=layer)["value"]) for layer in DEPTHS[:-1]]
    for revision, top1 in (("HEAD", str(mask["value"])), ("workspace", "0.25")):
        curve = [point for point in find_points(shown, LAYERS, revision) if point["field"] == "mask"]
        assert [(point["depth"], point["layer"], point["mask"]) for point in curve] == [
            (str(depth), layer, value)
            for depth, (layer, value) in enumerate(zip(DEPTHS, [*below, top1], strict=True))
        ]
        front = find_points(shown, FRONT, revision)
        on_dev = stored.find(experiment="tiny", arm="mask", target="ja", metric="cost", split="dev")
        assert [point["cost"] for point in front] == sorted((str(row["value"]) for row in on_dev), key=float)


def test_pictures_of_removed_targets_go(project):
    stale = project / "artifacts" / "plots" / "layers" / "gone.ja.csv"
    stale.parent.mkdir(parents=True)
    stale.write_text("depth,layer\n")
    build_store(load_experiments(project / "experiments.yaml"), Layout(project / "artifacts"))
    names = sorted(path.name for path in (project / "artifacts" / "plots").glob("*/*"))
    assert names == sorted(2 * ["other.ja.csv", "tiny.de.csv", "tiny.ja.csv"])


@pytest.mark.parametrize("wiring", [ROOT / "dvc.yaml", TEMPLATES / "dvc.yaml"])
def test_every_column_that_dvc_draws_is_written(project, wiring):
    build_store(load_experiments(project / "experiments.yaml"), Layout(project / "artifacts"))
    drawn = dict(pair for one in yaml.safe_load(wiring.read_text())["plots"] for pair in one.items())
    assert drawn["artifacts/plots/layers"]["y"] == list(CURVES)
    for folder, axes in drawn.items():
        wanted = {axes["x"], *(axes["y"] if isinstance(axes["y"], list) else [axes["y"]])}
        for file in (project / folder).iterdir():
            assert wanted <= set(next(csv.reader(file.open())))
