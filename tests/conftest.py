"""What every test can count on: no network, one thread, and one whole experiment that has been run."""

import logging
import os
import subprocess
from pathlib import Path

import pytest

from support.experiment import EXPERIMENTS, STEER, save_llama, write_experiments

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


@pytest.fixture
def notices(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the library finds worth saying, a line each, as it comes."""
    heard: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: heard.append(record.getMessage())
    monkeypatch.setattr(logging.getLogger("polysteer"), "handlers", [handler])
    return heard


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny experiment's model."""
    return save_llama(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def tiny_experiment(model_folder: Path) -> str:
    """An experiments file of it: two targets, four masks for each."""
    return EXPERIMENTS.format(model=model_folder)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, model_folder: Path) -> Path:
    """The tiny experiment after `steer run`; tests only read it."""
    folder = write_experiments(tmp_path_factory.mktemp("finished"), model_folder)
    done = subprocess.run([*STEER, "run"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder
