import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast


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
    folder = tmp_path_factory.mktemp("model")
    vocabulary = {word: number for number, word in enumerate(["<s>", "<pad>", "<unk>", *words])}
    base = Tokenizer(WordLevel(vocabulary, unk_token="<unk>"))
    base.pre_tokenizer = WhitespaceSplit()
    PreTrainedTokenizerFast(
        tokenizer_object=base, bos_token="<s>", pad_token="<pad>", unk_token="<unk>"
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = GPT2Config(
        n_layer=2, n_head=2, n_embd=16, vocab_size=len(vocabulary), bos_token_id=0, pad_token_id=1
    )
    GPT2LMHeadModel(config).save_pretrained(folder)
    return folder
