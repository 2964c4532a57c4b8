"""Tokens without transformers are transformers' tokens, wherever they are given at all."""

import json
import shutil
from pathlib import Path

import pytest
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import AutoTokenizer, GPT2Tokenizer, LlamaConfig, PreTrainedTokenizerFast
from transformers.models.auto import tokenization_auto

from polysteer.builtin.grammar import generate, language_codes
from polysteer.builtin.model.revisions import builtin_folder
from polysteer.errors import ModelError
from polysteer.models.filetokenizer import REBUILT, FileTokenizer, open_tokenizer
from polysteer.models.source import find_source

ODD = [
    "",
    " a  b\tc\n",
    "<s> a </s><extra>",
    "été ÉTÉ e\u0301",
    "日本語。",
    "a" * 500,
    "🙂\u200d",
    "a\0b",
    "<pad>zzz",
]


def write_folder(folder: Path, tokenizer: PreTrainedTokenizerFast) -> Path:
    LlamaConfig().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_tokenizer() -> PreTrainedTokenizerFast:
    letters = {letter: i + 3 for i, letter in enumerate("abcdefghijklmnopqrstuvwxyzé日本 ")}
    inner = Tokenizer(models.BPE({"<unk>": 0, "<s>": 1, "</s>": 2, **letters}, [], unk_token="<unk>"))
    inner.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    inner.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    inner.add_tokens([AddedToken("<extra>", lstrip=True), "zzz"])
    return PreTrainedTokenizerFast(tokenizer_object=inner, bos_token="<s>", eos_token="</s>")


def same_ids(folder: Path, texts: list[str]) -> bool:
    own, reference = open_tokenizer(find_source(str(folder))), AutoTokenizer.from_pretrained(folder)
    assert isinstance(own, FileTokenizer)
    return all(
        own(texts, add_special_tokens=special)["input_ids"]
        == reference(texts, add_special_tokens=special)["input_ids"]
        for special in (False, True)
    )


def test_the_builtin_model_has_the_same_tokens_in_all_languages() -> None:
    rows = generate(languages=language_codes(), sizes={"test": 50}, seed=3)
    assert same_ids(builtin_folder(None), [row.sentence.text for row in rows] + ODD)


def test_a_tokenizer_of_rules_and_added_tokens_has_the_same_tokens(tmp_path: Path) -> None:
    assert same_ids(write_folder(tmp_path, make_tokenizer()), ODD)


def test_nothing_is_cut_off_or_padded_whatever_the_file_says(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, make_tokenizer())
    held = json.loads((folder / "tokenizer.json").read_text())
    held["truncation"] = {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0}
    padding = {"direction": "Right", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0}
    held["padding"] = padding | {"strategy": {"Fixed": 12}, "pad_token": "<unk>"}
    (folder / "tokenizer.json").write_text(json.dumps(held))
    assert (
        len(open_tokenizer(find_source(str(folder)))(["a" * 9], add_special_tokens=False)["input_ids"][0])
        == 9
    )


@pytest.mark.parametrize(
    "change",
    [
        {"tokenizer_class": "GPT2Tokenizer"},
        {"pad_token": "<of its own>"},
        {"pad_token": {"content": "<s>", "__type": "AddedToken"}},
        {"add_prefix_space": True},
        {"some_rule": 1},
    ],
)
def test_what_the_file_does_not_say_is_left_to_transformers(
    tmp_path: Path, change: dict[str, object]
) -> None:
    folder = write_folder(tmp_path, make_tokenizer())
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(settings | change))
    assert not isinstance(open_tokenizer(find_source(str(folder))), FileTokenizer)


def test_classes_of_their_own_are_left_to_transformers(tmp_path: Path) -> None:
    shutil.copytree(builtin_folder(None), tmp_path / "m")
    vocabulary = {"a": 0, "b": 1, "ab": 2, "<|endoftext|>": 3}
    GPT2Tokenizer(vocab=vocabulary, merges=[("a", "b")]).save_pretrained(tmp_path / "m")
    assert isinstance(open_tokenizer(find_source(str(tmp_path / "m"))), GPT2Tokenizer)


def test_families_whose_class_transformers_puts_in_are_known() -> None:
    put_in = {
        family: tokenization_auto.TOKENIZER_MAPPING_NAMES.get(family)
        for family in tokenization_auto.MODELS_WITH_INCORRECT_HUB_TOKENIZER_CLASS
    }
    assert {family for family, name in put_in.items() if name not in (None, "TokenizersBackend")} == REBUILT


def test_a_broken_file_is_one_message(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, make_tokenizer())
    (folder / "tokenizer.json").write_text('{"model": {"type": "Nope"}}')
    with pytest.raises(ModelError, match="cannot be loaded"):
        open_tokenizer(find_source(str(folder)))
