import subprocess
import sys

import numpy as np
import pytest
from dvc.repo import Repo

from polysteer.masks import ExpertMask, MaskMetadata
from support.machine import forget_settings
from support.tiny_models import make_model, save_model

SIZES = {"vocab": 50, "width": 8, "hidden": 12, "initializer_range": 0.3}


@pytest.fixture(scope="session")
def gpt2():
    return make_model("GPT2", **SIZES)


@pytest.fixture(scope="session")
def llama():
    return make_model("Llama", **SIZES | {"heads": 4}, num_key_value_heads=2)


@pytest.fixture(scope="session")
def llama_folder(llama, tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("llama"), llama)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with a git remote and a DVC remote, whose pipeline has made two masks."""
    forget_settings(tmp_path, monkeypatch)
    return Project.create(tmp_path)


class Project:
    """What a person does with git and DVC, in few words."""

    def __init__(self, root, origin, remote):
        self.root, self.origin, self.remote = root, origin, remote

    @classmethod
    def create(cls, folder, *, inside="."):
        git_root, origin, remote = folder / "ours", folder / "origin.git", folder / "remote"
        run("git", "init", "-q", "--bare", "-b", "main", str(origin), cwd=folder)
        run("git", "init", "-q", "-b", "main", str(git_root), cwd=folder)
        root = git_root / inside
        root.mkdir(exist_ok=True)
        Repo.init(str(root), subdir=inside != ".").close()
        project = cls(root, origin, remote)
        run("git", "remote", "add", "origin", str(origin), cwd=root)
        (root / ".dvc" / "config").write_text(
            f"[core]\n remote = store\n['remote \"store\"']\n url = {remote}\n"
        )
        (root / "dvc.yaml").write_text(PIPELINE)
        (root / "notes.txt").write_text("some text\n")
        project.make_masks(value=1.0)
        project.commit()
        run("git", "push", "-q", "origin", "main", cwd=root)
        return project

    @property
    def mask_path(self):
        return self.root / "artifacts/try/chosen/ja.safetensors"

    def make_masks(self, *, value):
        for language in ("ja", "en"):
            metadata = MaskMetadata(
                language=language, sites=["mlp.out"], experts="own", intervention="set", model_id="some/model"
            )
            places = np.zeros(2, np.uint8), np.array([0, 1], np.int32), np.array([3, 4], np.int32)
            mask = ExpertMask(metadata, *places, value=np.full(2, value, np.float32))
            mask.save(self.mask_path.with_name(f"{language}.safetensors"))

    def commit(self):
        """Record what the pipeline made, and commit everything."""
        with Repo(str(self.root)) as repo:
            repo.commit(force=True)
        run("git", "add", "--all", ".", cwd=self.root)
        run("git", "commit", "-q", "--allow-empty", "-m", "results", cwd=self.root)

    def git(self, *arguments):
        return run("git", *arguments, cwd=self.root)

    def dvc(self, *arguments, cwd=None):
        return run(sys.executable, "-m", "dvc", *arguments, cwd=cwd or self.root)

    def stored(self, name):
        """Where the DVC remote keeps a file that has this content, or this ending."""
        return next(path for path in self.remote.rglob("*") if path.is_file() and name(path))


def run(*command, cwd):
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout


PIPELINE = """
stages:
  embed:
    cmd: steer embed try
    outs:
      - artifacts/try/chosen
artifacts:
  try-ja:
    path: artifacts/try/chosen/ja.safetensors
    type: mask
  try-fr:
    path: artifacts/try/chosen/fr.safetensors
    type: mask
"""
