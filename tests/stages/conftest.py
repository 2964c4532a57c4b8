"""A whole experiment small enough for a test: a random Llama with a real tokenizer, and the real commands."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

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

Steer = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Llama of three blocks, in the form that a download has."""
    import torch
    import transformers

    from polysteer.builtin.grammar import generate
    from polysteer.builtin.model.tokenizer import train_tokenizer

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


@pytest.fixture
def steer(tmp_path: Path) -> Steer:
    """Run the command in the project's folder, as a user would."""

    def run(*arguments: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from polysteer.cli.main import main; main()", *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, env=os.environ | {"COLUMNS": "80"}
        )
        assert done.returncode == expect, done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def project(tmp_path: Path, model_folder: Path) -> Path:
    """A folder with an experiments file and nothing else."""
    (tmp_path / "experiments.yaml").write_text(EXPERIMENTS.format(model=model_folder))
    return tmp_path


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, model_folder: Path) -> Path:
    """The same project after `steer run`; tests only read it."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "experiments.yaml").write_text(EXPERIMENTS.format(model=model_folder))
    command = [sys.executable, "-c", "from polysteer.cli.main import main; main()", "run"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def list_imported() -> Callable[..., set[str]]:
    """Which packages a command has imported by its end, run in a folder as a user would."""
    code = """if True:
        import contextlib, sys
        from polysteer.cli.main import main
        with contextlib.suppress(SystemExit):
            main()
        print("imported", *{name.partition(".")[0] for name in sys.modules})
    """

    def run(folder: Path, *arguments: str) -> set[str]:
        command = [sys.executable, "-c", code, *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        assert "Error" not in done.stderr
        return set(done.stdout.splitlines()[-1].split()[1:])

    return run


@contextmanager
def hold_by_hand(model, mask) -> Iterator[None]:
    """A mask of attn.out and mlp.hidden on a Llama: hooks written here, on modules named here."""
    handles = []
    for site, block, unit, value in zip(mask.site, mask.block, mask.unit, mask.value, strict=True):
        layer = model.model.layers[int(block)]

        def set_output(_m, _i, output, unit=int(unit), value=float(value)):
            tensor = output[0] if isinstance(output, tuple) else output
            tensor[:, 1:, unit] = value

        def set_input(_m, args, unit=int(unit), value=float(value)):
            args[0][:, 1:, unit] = value

        if mask.metadata.sites[int(site)] == "attn.out":
            handles.append(layer.self_attn.register_forward_hook(set_output))
        else:
            handles.append(layer.mlp.down_proj.register_forward_pre_hook(set_input))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@pytest.fixture
def held_by_hand() -> Callable[..., AbstractContextManager[None]]:
    """The way to hold a mask that shares nothing with ours."""
    return hold_by_hand
