"""`steer run` from text to numbers: what it computes and keeps, and what it says when something is wrong."""

import hashlib
import json
import shutil
import subprocess
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from polysteer.config import load_experiments
from polysteer.errors import ArtifactError
from polysteer.layout import Layout
from polysteer.stages import collect, corpus, embed, evaluate, rank
from polysteer.stages.run import Run
from polysteer.store import query_database, refresh_database
from support.experiment import STEER

STAGES = (corpus, collect, rank, embed, evaluate)


def hash_files(folder: Path, *patterns: str) -> dict[str, str]:
    files = [path for pattern in patterns for path in sorted(folder.glob(pattern)) if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def edit(project: Path, old: str, new: str) -> None:
    path = project / "experiments.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def copy_finished(finished: Path, project: Path) -> None:
    shutil.copytree(finished / "artifacts", project / "artifacts")


def times(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*.safetensors")}


def test_the_report_answers_for_every_target(finished: Path, project: Path, steer) -> None:
    copy_finished(finished, project)
    summary = json.loads(steer("report", "--lang", "ja", "--format", "json").stdout)["summary"]
    assert summary["target"] == "ja"
    assert summary["candidates"] == 16
    assert summary["draws"] == 3
    assert 1 <= summary["control_rank"] <= 4
    text = steer("report").stdout
    assert "de" in text
    assert "ja" in text
    assert max(len(line) for line in text.splitlines()) <= 80


def test_two_runs_and_a_query_at_once_leave_the_same_bytes(finished: Path, project: Path) -> None:
    """Everything but the metrics is made anew by two processes while a third reads."""
    copy_finished(finished, project)
    shutil.rmtree(project / "artifacts" / "tiny")
    metrics, database = Layout(project / "artifacts").experiment("tiny").metrics, project / "m.duckdb"
    n_rows = pq.read_metadata(metrics).num_rows
    command = [*STEER, "run"]
    runs = [subprocess.Popen(command, cwd=project, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    seen = set()
    while any(run.poll() is None for run in runs):
        for path in (database, project / "artifacts" / "metrics.duckdb"):
            refresh_database([metrics], path)
            seen.add(query_database(path, "SELECT count(*) FROM metrics").rows[0][0])
        time.sleep(0.05)
    said = [run.communicate()[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    assert seen == {n_rows}
    made = ("artifacts/**/*.safetensors", "artifacts/**/*.parquet", "artifacts/summary.json")
    assert hash_files(project, *made) == hash_files(finished, *made)
    assert not [path for path in (project / "artifacts").rglob("*") if ".tmp" in path.name]


def test_a_second_run_reads_nothing(finished: Path, project: Path, steer) -> None:
    copy_finished(finished, project)
    before = times(project / "artifacts" / "tiny" / "vectors")
    log = steer("run").stderr
    assert "0 of 3 languages read" in log
    assert "nothing to read" in log
    assert times(project / "artifacts" / "tiny" / "vectors") == before


def test_a_finished_run_needs_neither_torch_nor_transformers(
    finished: Path, project: Path, list_imported
) -> None:
    copy_finished(finished, project)
    imported = list_imported(project, "run")
    assert "polysteer" in imported
    assert not {"torch", "transformers"} & imported


def test_a_change_of_k_keeps_what_does_not_depend_on_it(finished: Path, project: Path, steer) -> None:
    copy_finished(finished, project)
    vectors = project / "artifacts" / "tiny" / "vectors"
    before = times(vectors)
    edit(project, "k: [0.1, 8]", "k: [0.1, 12]")
    log = steer("run").stderr
    assert "0 of 3 languages read" in log
    after = times(vectors)
    assert all(after[path] == time for path, time in before.items() if "baseline" in path.parts)
    kept = [path for path in before if "judged" in path.parts and "k0.1-" in path.name]
    assert kept
    assert all(after[path] == before[path] for path in kept)
    assert [path for path in after.keys() - before.keys() if "k12-" in path.name]


def test_a_new_target_computes_its_own_part_alone(finished: Path, project: Path, steer) -> None:
    copy_finished(finished, project)
    vectors = project / "artifacts" / "tiny" / "vectors"
    before = times(vectors)
    edit(project, "targets: [de, ja]", "targets: [de, ja, en]")
    steer("run")
    after = times(vectors)
    assert {path: after[path] for path in before} == before
    assert {path.relative_to(vectors).parts[0] for path in after.keys() - before.keys()} == {"en"}


def perform_all(run: Run) -> None:
    for stage in STAGES:
        stage.perform(run)


class Interrupt:
    """A progress that is interrupted after some calls, as Ctrl-C would."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self, *_state: object) -> None:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("after", [0, 1, 4, 9, 14])
def test_what_was_interrupted_goes_on_to_the_same_bytes(finished: Path, project: Path, after: int) -> None:
    settings = load_experiments(project / "experiments.yaml").experiments["tiny"]
    layout = Layout(project / "artifacts").experiment("tiny")
    with pytest.raises(KeyboardInterrupt):
        perform_all(Run("tiny", settings, layout, Interrupt(after)))
    assert not list((project / "artifacts").rglob("*.tmp"))
    perform_all(Run("tiny", settings, layout))
    made = ("artifacts/tiny/**/*.safetensors", "artifacts/metrics/*.parquet")
    assert hash_files(project, *made) == hash_files(finished, *made)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("k: [0.1, 8]", "k: 8", r"rank.k \[0.1, 8\] -> 8; run `steer embed`"),
        ("k: [0.1, 8]", "k: 0.1", r"rank.k \[0.1, 8\] -> 0.1; run `steer embed`"),
        ("controls: 3", "controls: 4", "evaluate.controls 3 -> 4; run `steer embed`"),
        ("targets: [de, ja]", "targets: [de, ja, en]", r"-> \[de, ja, en\]; run `steer embed`"),
    ],
)
def test_what_was_embedded_under_other_settings_is_not_evaluated(
    finished: Path, project: Path, old: str, new: str, says: str
) -> None:
    copy_finished(finished, project)
    edit(project, old, new)
    settings = load_experiments(project / "experiments.yaml").experiments["tiny"]
    before = hash_files(project, "artifacts/metrics/*")
    with pytest.raises(ArtifactError, match=says):
        evaluate.perform(Run("tiny", settings, Layout(project / "artifacts").experiment("tiny")))
    assert hash_files(project, "artifacts/metrics/*") == before


@pytest.mark.parametrize(
    ("damaged", "stage", "says"),
    [
        ("corpus/ja.parquet", "collect", "steer corpus"),
        ("responses/ja/shard-00000.safetensors", "rank", "collect"),
        ("masks/ja/ap-union-k8-token_mean.safetensors", "embed", "not a whole safetensors file"),
    ],
)
def test_a_damaged_file_is_named_with_the_way_out(
    finished: Path, project: Path, steer, damaged: str, stage: str, says: str
) -> None:
    copy_finished(finished, project)
    path = project / "artifacts" / "tiny" / damaged
    path.write_bytes(path.read_bytes()[:-40])
    if stage == "rank":
        (project / "artifacts/tiny/masks/scores.safetensors").unlink()
    error = steer(stage, "tiny", expect=1).stderr
    assert damaged.split("/")[-1].split(".")[0] in error
    assert says in error
    assert "Traceback" not in error


def test_damaged_vectors_are_made_again(finished: Path, project: Path, steer) -> None:
    copy_finished(finished, project)
    path = project / "artifacts/tiny/vectors/baseline/ja.test.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])
    steer("run")
    assert path.read_bytes() == whole


def test_an_unwritable_artifacts_folder_is_one_message(project: Path, steer) -> None:
    (project / "artifacts").write_text("in the way")
    error = steer("run", expect=2).stderr
    assert "dir 'artifacts' is a file" in error
    assert "Traceback" not in error


@pytest.mark.usefixtures("project")
def test_an_unknown_experiment_names_the_nearest(steer) -> None:
    assert "did you mean 'tiny'" in steer("run", "tinny", expect=1).stderr


@pytest.mark.usefixtures("project")
def test_stages_in_the_wrong_order_say_which_comes_first(steer) -> None:
    assert "steer corpus" in steer("collect", expect=1).stderr
    steer("corpus")
    assert "collect" in steer("rank", expect=1).stderr
    assert "steer" in steer("evaluate", expect=1).stderr
    assert "steer" in steer("report", expect=1).stderr
