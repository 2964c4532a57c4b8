import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.tiny_models import make_model, make_tokenizer, save_model


@pytest.fixture(autouse=True)
def _own_settings(tmp_path_factory, monkeypatch):
    """git and DVC as on a machine where nobody has set anything."""
    folder = tmp_path_factory.mktemp("settings")
    (folder / "gitconfig").write_text("[user]\n name = Some One\n email = one@example.org\n")
    for name, value in {
        "GIT_CONFIG_GLOBAL": str(folder / "gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "DVC_NO_ANALYTICS": "1",
        "DVC_SITE_CACHE_DIR": str(folder / "site"),
        "DVC_GLOBAL_CONFIG_DIR": str(folder / "dvcconfig"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def run():
    """A command as a user types it; what it printed, both streams."""

    def run_command(*command, cwd, expect=0):
        done = subprocess.run(
            command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        assert done.returncode == expect, done.stdout
        return done.stdout

    return run_command


@pytest.fixture(scope="session")
def words():
    return [f"w{number}" for number in range(40)]


@pytest.fixture(scope="session")
def model_folder(words, tmp_path_factory):
    """A model of two blocks that knows forty words."""
    vocabulary = ["<s>", "<pad>", "<unk>", *words]
    special = {"bos_token": "<s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    model = make_model("GPT2", vocab=len(vocabulary), hidden=64, bos_token_id=0, pad_token_id=1)
    tokenizer = make_tokenizer(vocabulary, unknown="<unk>", **special)
    return save_model(tmp_path_factory.mktemp("model"), model, tokenizer)
