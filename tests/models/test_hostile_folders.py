"""Folders that are no whole model: refused by what is wrong and where, before memory is taken for weights."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, models
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from polysteer.errors import ModelError
from polysteer.models.inspection import inspect_model
from polysteer.models.loading import load_model
from support.benchmarks import load_benchmark

fuzz = load_benchmark("fuzz_models")

Change = Callable[..., None]


@pytest.fixture
def folder(llama: PreTrainedModel, tmp_path: Path) -> Path:
    llama.save_pretrained(tmp_path)
    write_tokenizer(tmp_path, {"<unk>": 0, "a": 1, "<s>": 5})
    return tmp_path


def write_tokenizer(folder: Path, words: dict[str, int]) -> None:
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>").save_pretrained(folder)


def change_config(folder: Path, **values: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | values))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"hidden_size": 10**9}, "hidden_size is 1000000000, not a whole number from 1 to 10,000,000"),
        ({"num_hidden_layers": 10**6}, "num_hidden_layers is 1000000, not a whole number from 1 to 500;"),
        ({"num_hidden_layers": 0}, "num_hidden_layers is 0, not"),
        ({"num_attention_heads": 0}, "num_attention_heads is 0, not"),
        ({"vocab_size": -5}, "vocab_size is -5, not"),
        ({"hidden_size": "32"}, "hidden_size is '32', not"),
        ({"hidden_size": True}, "hidden_size is True, not"),
        ({"intermediate_size": [48, 0]}, "intermediate_size is 0, not"),
        ({"text_config": {"hidden_size": -1}}, "text_config: hidden_size is -1, not"),
        ({"architectures": 5}, "architectures is 5, not a list of names"),
    ],
)
def test_sizes_that_no_model_has(folder: Path, values: dict[str, Any], message: str) -> None:
    change_config(folder, **values)
    for look in (inspect_model, load_model):
        with pytest.raises(ModelError, match=rf"config\.json: {message}"):
            look(str(folder))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("config.json", b"[1, 2]", r"config\.json holds \[1, 2\], not an object"),
        ("config.json", b'{"a": "\xff"}', r"config\.json is not JSON: 'utf-8' codec"),
        ("config.json", b'{"a": ' + b"[" * 100_000, r"config\.json is not JSON: maximum recursion"),
        ("model.safetensors.index.json", b"[1]", r"index\.json names None as a file of weights"),
        ("model.safetensors.index.json", b"{", r"index\.json is not JSON"),
        ("model.safetensors.index.json", b'{"weight_map": {"a": "../b"}}', r"index\.json names '\.\./b'"),
    ],
)
def test_files_that_hold_something_else(folder: Path, name: str, content: bytes, message: str) -> None:
    (folder / name).write_bytes(content)
    for look in (inspect_model, load_model):
        with pytest.raises(ModelError, match=message):
            look(str(folder))


@pytest.mark.parametrize(
    "values",
    [
        {"rope_parameters": "x"},
        {"hidden_size": None},
        {"pad_token_id": 9999},
        {"hidden_act": "nope"},
        {"dtype": "nope"},
        {"quantization_config": [1]},
        {"text_config": 5},
    ],
)
def test_what_transformers_stumbles_over_is_one_message(folder: Path, values: dict[str, Any]) -> None:
    change_config(folder, **values)
    for look in (inspect_model, load_model):
        with pytest.raises(ModelError, match=r"cannot be loaded: .*is its config\.json right"):
            look(str(folder))


def test_weights_of_another_width_are_named(folder: Path, llama: PreTrainedModel) -> None:
    width = llama.config.hidden_size
    change_config(folder, hidden_size=2 * width, head_dim=llama.config.head_dim)
    message = (
        rf"do not fit its config\.json, in \d+ tensors: lm_head\.weight is 97x{width}, not 97x{2 * width}"
    )
    with pytest.raises(ModelError, match=message):
        load_model(str(folder))


@pytest.mark.parametrize("content", [b"", b"\xff" * 100, b"hello, this is no file of tensors at all"])
def test_weights_that_are_no_weights(folder: Path, content: bytes) -> None:
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match="are damaged or cut off"):
        load_model(str(folder))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("tokenizer.json", b"{}"),
        ("tokenizer.json", b"[]"),
        ("tokenizer.json", b'{"added_tokens": [], "model": {"type": "Nope"}}'),
        ("tokenizer_config.json", b"[1]"),
        ("tokenizer_config.json", b"{"),
    ],
)
def test_a_broken_tokenizer_is_one_message(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match="cannot be loaded: "):
        load_model(str(folder))
    assert "cannot be loaded: " in str(inspect_model(str(folder)).tokenizer_problem)


def test_the_tokenizer_of_another_model_is_refused(folder: Path) -> None:
    write_tokenizer(folder, {"<unk>": 0, "a": 5000, "<s>": 5})
    problem = "gives ids up to 5000, and the model knows 97 tokens: it is another model's"
    with pytest.raises(ModelError, match=problem):
        load_model(str(folder))
    assert problem in str(inspect_model(str(folder)).tokenizer_problem)


def test_a_token_that_was_added_and_never_comes_up_does_no_harm(folder: Path) -> None:
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    tokenizer.add_tokens([f"<image {n}>" for n in range(200)])
    tokenizer.save_pretrained(folder)
    assert load_model(str(folder)).tokenizer("a")["input_ids"] == [1]


def test_any_config_is_described_or_refused(tmp_path: Path) -> None:
    found = fuzz.fuzz_models(150, folder=tmp_path, seed=1)
    assert found.crashes == []
    assert min(found.counts["accepted"], found.counts["refused"]) > 10
