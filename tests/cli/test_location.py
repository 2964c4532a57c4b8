"""`steer` in a folder below the project, and its options for every command."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest


@pytest.fixture
def below(make_project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two folders below a project."""
    folder = make_project() / "notes" / "today"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


def test_the_project_above_is_found_and_what_it_names_stands_there(
    below: Path, steer: Callable[..., Any]
) -> None:
    done = steer("corpus", "mine")
    assert done.exit_code == 0
    assert done.stderr.startswith(f"using {below.parents[1] / 'experiments.yaml'}\n")
    assert (below.parents[1] / "artifacts" / "mine" / "corpus").exists()
    assert list(below.iterdir()) == []


def test_paths_of_the_command_line_stay_where_the_user_is(below: Path, steer: Callable[..., Any]) -> None:
    done = steer("query", "SELECT value FROM metrics", "--format", "parquet", "--out", "answer.parquet")
    assert done.exit_code == 0
    assert pq.read_table(below / "answer.parquet").to_pylist() == [{"value": 0.5}]


def test_artifacts_elsewhere_are_of_where_the_user_is(below: Path, steer: Callable[..., Any]) -> None:
    refused = steer("query", "SELECT 1", "--artifacts", "mine")
    assert f"{below / 'mine' / 'metrics.duckdb'} cannot be built" in refused.stderr


@pytest.mark.usefixtures("below")
def test_a_named_file_is_taken_as_given(steer: Callable[..., Any]) -> None:
    refused = steer("query", "SELECT 1", "--file", "experiments.yaml")
    assert refused.exit_code == 1
    assert "there is no experiments.yaml; run from the folder that holds it" in refused.stderr
    found = steer("query", "SELECT 1", "--file", "../../experiments.yaml", "--artifacts", "../../artifacts")
    assert (found.exit_code, found.stderr) == (0, "")


def test_the_file_of_this_folder_comes_first(below: Path, steer: Callable[..., Any]) -> None:
    above = (below.parents[1] / "experiments.yaml").read_text()
    Path("experiments.yaml").write_text(above.replace("mine:", "ours:"))
    refused = steer("run", "mine")
    assert refused.stderr == "steer: there is no experiment 'mine' in experiments.yaml; valid: ours\n"


def test_a_folder_where_everybody_writes_is_no_project(below: Path, steer: Callable[..., Any]) -> None:
    below.parents[1].chmod(0o1777)
    assert "there is no experiments.yaml" in steer("run").stderr


@pytest.mark.usefixtures("below")
def test_quiet_leaves_answers_and_errors(steer: Callable[..., Any]) -> None:
    assert steer("--quiet", "corpus", "mine").stderr == ""
    assert steer("--quiet", "query", "SELECT 41 + 1 AS x").stdout.split()[-1] == "42"
    assert "there is no experiment 'hers'" in steer("--quiet", "run", "hers").stderr
    assert steer("corpus", "mine").stderr.startswith("mine "), "only for that one command"


def test_the_version_is_that_of_the_package(steer: Callable[..., Any]) -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert steer("--version") == (0, f"polysteer {project['version']}\n", "")


@pytest.mark.parametrize(
    "words",
    [
        "train x --seed -1",
        f"train x --seed {2**64}",
        f"train x --steps {10**30}",
        "train x --threads 9999999",
    ],
)
def test_numbers_beyond_all_use_are_wrong_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steer: Callable[..., Any], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    refused = steer("builtin", *words.split())
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr.startswith("steer: Invalid value for '--")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("below")
def test_an_empty_name_is_not_all(steer: Callable[..., Any]) -> None:
    assert "there is no experiment ''" in steer("run", "").stderr
