"""A new project holds what the repository's own does, and touches nothing that is there."""

import subprocess
from pathlib import Path

import pytest

from polysteer.config import load_experiments
from polysteer.errors import ProjectError
from polysteer.project import create_project
from polysteer.project.creation import TEMPLATE_BY_FILE, TEMPLATES

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["experiments.yaml", "dvc.yaml", "data/README.md"])
def test_the_repository_s_own_files_are_the_new_project_s(tmp_path, name):
    create_project(tmp_path)
    assert (tmp_path / name).read_bytes() == (ROOT / name).read_bytes(), (
        f"copy {name} over src/polysteer/project/templates/{name}, or back: they are one file in two places"
    )


def test_the_repository_ignores_what_a_new_project_ignores():
    rules = (TEMPLATES / "gitignore").read_text().splitlines()
    assert set(rules) <= set((ROOT / ".gitignore").read_text().splitlines())


def test_everything_is_there_and_ready_to_commit(tmp_path, run):
    project = create_project(tmp_path / "a" / "new")
    assert project.made_git
    assert project.made_dvc
    assert {path.relative_to(project.folder).as_posix() for path in project.files} == set(TEMPLATE_BY_FILE)
    assert list(load_experiments(project.folder / "experiments.yaml").experiments) == ["builtin"]
    run("git", "add", "--all", cwd=project.folder)
    run("git", "commit", "--quiet", "-m", "start", cwd=project.folder)
    tracked = set(run("git", "ls-files", cwd=project.folder).split())
    assert tracked == {*TEMPLATE_BY_FILE, ".dvc/.gitignore", ".dvc/config", ".dvcignore"}


def test_git_keeps_the_headline_numbers_and_no_artifacts(tmp_path, run):
    folder = create_project(tmp_path).folder
    ignored = ["artifacts/builtin/masks", "artifacts/metrics.duckdb"]
    kept = ["artifacts/summary.json", "data/text.en", "dvc.lock"]
    assert run("git", "check-ignore", *ignored, *kept, cwd=folder).split() == ignored


def test_a_folder_inside_a_repository_becomes_a_project_of_its_own(tmp_path, run):
    run("git", "init", "--quiet", cwd=tmp_path)
    project = create_project(tmp_path / "inner")
    assert not project.made_git
    assert project.made_dvc
    assert not (project.folder / ".git").exists()
    assert run("dvc", "root", cwd=project.folder).strip() == "."


def test_git_and_dvc_that_are_there_are_used(tmp_path, run):
    run("git", "init", "--quiet", cwd=tmp_path)
    run("dvc", "init", "--quiet", cwd=tmp_path)
    run("dvc", "remote", "add", "mine", "/somewhere", cwd=tmp_path)
    before = (tmp_path / ".dvc" / "config").read_text()
    project = create_project(tmp_path)
    assert not project.made_git
    assert not project.made_dvc
    assert (tmp_path / ".dvc" / "config").read_text() == before


@pytest.mark.parametrize("name", list(TEMPLATE_BY_FILE))
def test_a_file_that_is_there_stays_and_nothing_is_made(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(ProjectError, match=f"already has {name}"):
        create_project(tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / name]
    assert (tmp_path / name).read_text() == "mine"


def test_a_file_in_place_of_a_folder(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ProjectError, match="is a file"):
        create_project(tmp_path / "file")
    with pytest.raises(ProjectError, match="cannot be made"):
        create_project(tmp_path / "file" / "inner")


def test_the_command(tmp_path):
    done = subprocess.run(["steer", "init", "new"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [f"new/{name}" for name in TEMPLATE_BY_FILE]
    assert "git and DVC set up in new" in done.stderr
    again = subprocess.run(
        ["steer", "init", "new"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert again.returncode == 1
    assert again.stderr.startswith("steer: new already has experiments.yaml")
