"""What every test can count on: no network, one thread, and one whole experiment that has been run."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


EXPERIMENTS = """\
schema: 1
experiments:
  tiny:
    model: {model}
    corpus: {{source: builtin, languages: [en, de, ja], find: 40, dev: 12, test: 16}}
    targets: [de, ja]
    collect: {{sites: [attn.out, mlp.hidden]}}
    rank: {{experts: [own, union], k: [0.1, 8], value: token_mean}}
    steer: {{}}
    embed: {{}}
    evaluate: {{controls: 3, resamples: 200, distractors: true, choose: {{cost_at_most: 5, cost_texts: 6}}}}
"""


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
    """A random Llama of three blocks, in the form that a download has."""
    import torch
    import transformers

    from polysteer.corpus.builtin import generate
    from polysteer.models.builtin.tokenizer import train_tokenizer

    folder = tmp_path_factory.mktemp("model")
    rows = generate(languages=["en", "de", "ja"], sizes={"find": 60}, seed=1)
    tokenizer = train_tokenizer([row.sentence.text for row in rows], vocabulary=400)
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=3,
        num_attention_heads=4,
        initializer_range=0.2,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_experiment(model_folder: Path) -> str:
    """An experiments file of it: two targets, four masks for each."""
    return EXPERIMENTS.format(model=model_folder)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, tiny_experiment: str) -> Path:
    """Its project after `steer run`; tests only read it."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "experiments.yaml").write_text(tiny_experiment)
    command = [sys.executable, "-c", "from polysteer.cli.main import main; main()", "run"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder
