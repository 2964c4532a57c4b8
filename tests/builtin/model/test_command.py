import subprocess
import sys

import pytest

from polysteer.builtin.model.revisions import list_revisions


def steer(*arguments):
    code = "from polysteer.cli.main import main; main()"
    return subprocess.run([sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("trained")


@pytest.fixture(scope="module")
def first_run(folder):
    return steer("builtin", "train", folder, "--steps", 20, "--threads", 1)


def test_training_leaves_a_model_and_its_card(first_run, folder):
    assert first_run.returncode == 0, first_run.stderr
    assert first_run.stdout == ""
    assert "20 steps, trained" in first_run.stderr
    assert list_revisions(folder / "weights")[-1] == "main"
    assert "`steer builtin train --seed 0 --steps 20 --threads 1 FOLDER`" in (folder / "card.md").read_text()


def test_training_again_finds_the_model_there(first_run, folder):
    assert first_run.returncode == 0
    again = steer("builtin", "train", folder, "--steps", 20)
    assert again.returncode == 0
    assert "already trained" in again.stderr


def test_another_plan_does_not_replace_a_finished_model(first_run, folder):
    assert first_run.returncode == 0
    other = steer("builtin", "train", folder, "--steps", 20, "--seed", 1)
    assert other.returncode == 1
    assert "finished model of another plan" in other.stderr
    assert "Traceback" not in other.stderr


def test_a_file_where_the_folder_should_be_is_named(tmp_path):
    (tmp_path / "taken").write_text("")
    run = steer("builtin", "train", tmp_path / "taken", "--steps", 20)
    assert run.returncode == 1
    assert f"cannot make the folder {tmp_path / 'taken'}" in run.stderr


@pytest.mark.parametrize(("steps", "code", "message"), [("3", 1, "3 steps are too few"), ("0", 2, "--steps")])
def test_a_number_of_steps_that_cannot_be_is_refused(tmp_path, steps, code, message):
    run = steer("builtin", "train", tmp_path, "--steps", steps)
    assert run.returncode == code
    assert message in run.stderr
