"""What docs/models.md shows is true: every block, on tiny weights of the class that it names."""

import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
import transformers as hf
import yaml
from tokenizers import Tokenizer, models, pre_tokenizers

from polysteer.cli.main import main
from polysteer.config.model import ModelSettings
from polysteer.masks import ExpertMask, MaskMetadata
from polysteer.models.sites import find_sites
from support.tiny_models import make_model

GUIDE = (Path(__file__).parents[2] / "docs" / "models.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", GUIDE, flags=re.DOTALL)
SHOWN = "bigscience/bloom-560m"


def blocks_of(kind: str) -> list[str]:
    return [text for name, text in BLOCKS if name == kind]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the shown id is a folder with a tiny Bloom, beside a mask that fits it and some texts."""
    make_model("Bloom", vocab=300).save_pretrained(tmp_path / SHOWN)
    alphabet = {character: i for i, character in enumerate(pre_tokenizers.ByteLevel.alphabet())}
    inner = Tokenizer(models.BPE(alphabet, []))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    hf.PreTrainedTokenizerFast(tokenizer_object=inner).save_pretrained(tmp_path / SHOWN)
    known = {"model_family": "bloom", "n_blocks": 2, "width_by_site": {"mlp.hidden": 64}}
    metadata = MaskMetadata(language="ja", sites=["mlp.hidden"], experts="own", intervention="set", **known)
    units = np.arange(5, dtype=np.int32)
    ExpertMask(
        metadata, np.zeros(5, np.uint8), np.ones(5, np.int32), units, None, np.ones(5, np.float32)
    ).save(tmp_path / "ja.safetensors")
    (tmp_path / "texts.txt").write_text("one\ntwo\nthree\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", [line for text in blocks_of("console") for line in text.splitlines()])
def test_every_command_runs(command: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", shlex.split(command.removeprefix("$ ")))
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code, capsys.readouterr().err
    assert (folder / "vectors.parquet").exists() == (" encode " in command)


@pytest.mark.parametrize("block", blocks_of("yaml"))
def test_every_section_is_a_model_s(block: str, folder: Path) -> None:
    settings = ModelSettings.model_validate(yaml.safe_load(block))
    model = hf.AutoModelForCausalLM.from_pretrained(folder / SHOWN)
    assert find_sites(model, list(settings.sites), overrides=settings.sites).width_by_site == {
        "mlp.hidden": 64,
        "attn.qkv": 48,
    }


def test_the_python_blocks_run_one_after_the_other(folder: Path) -> None:
    names: dict[str, object] = {}
    for block in blocks_of("python"):
        if "import mteb" not in block:
            exec(compile(block, str(folder / "block.py"), "exec"), names)
    assert set(names["largest"]) == {("mlp.hidden", 0), ("mlp.hidden", 1)}
    assert names["vectors"].shape == (2, 16)
    assert names["cosines"].item() == pytest.approx(
        (names["vectors"][0] * names["vectors"][1]).sum(), abs=1e-5
    )
    assert names["written"].shape[1] == names["inputs"]["input_ids"].shape[1] + 20


def test_what_inspect_shows_is_what_it_says_of_that_model(folder: Path, monkeypatch, capsys) -> None:
    config = hf.BloomConfig(
        vocab_size=250880, hidden_size=1024, n_layer=24, n_head=16, architectures=["BloomForCausalLM"]
    )
    config.save_pretrained(folder / SHOWN)
    monkeypatch.setattr(sys, "argv", ["steer", "models", "inspect", SHOWN])
    monkeypatch.setenv("COLUMNS", "120")
    with pytest.raises(SystemExit):
        main()
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    (shown,) = blocks_of("text")
    assert [line for line in shown.splitlines() if " ".join(line.split()) not in lines] == []
