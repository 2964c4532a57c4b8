"""What is told of a model before its weights are there, against the same model with weights."""

from pathlib import Path

import pytest
import torch
import transformers as hf
from tokenizers import Tokenizer, models, processors
from torch.profiler import profile
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from polysteer.errors import ModelError, SiteError
from polysteer.models.inspection import inspect_model
from polysteer.models.skeleton import measure_activations
from support.tiny_models import make_model


def write_config(folder: Path, model_class: type, config: hf.PretrainedConfig) -> str:
    config.architectures = [model_class.__name__]
    config.save_pretrained(folder)
    return str(folder)


def make_tokenizer(template: str | None = None, **special: str) -> PreTrainedTokenizerFast:
    words = {"<unk>": 0, "<s>": 1, "</s>": 2, "a": 3, "1": 4}
    inner = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    if template:
        tokens = [("<s>", 1), ("</s>", 2)]
        inner.post_processor = processors.TemplateProcessing(single=template, special_tokens=tokens)
    return PreTrainedTokenizerFast(tokenizer_object=inner, unk_token="<unk>", **special)


def test_a_config_says_what_the_model_has(family, model: PreTrainedModel, tmp_path: Path) -> None:
    folder = write_config(tmp_path, family.model_class, family.config())
    facts = inspect_model(folder, dtype="float32")
    parameters = {id(p): p.numel() for p in model.parameters()}
    assert facts.parameters == sum(parameters.values())
    assert facts.memory.load_bytes == 4 * facts.parameters + sum(b.nbytes for b in model.buffers())
    assert (facts.family, facts.blocks, facts.width) == (model.config.model_type, 2, 32)
    down = "mlp.out" if family.down is None else "mlp.hidden"
    assert facts.sites[down].module == f"{family.block}.{family.down or family.mixture}"
    expected = ", ".join(f"{family.block}.{name}" for name in family.qkv)
    assert facts.sites["attn.qkv"].module == expected
    assert facts.neurons == 2 * sum(site.width for site in facts.sites.values())
    assert facts.tokenizer is None
    assert "has no tokenizer" in facts.tokenizer_problem
    assert (
        set(facts.absent)
        == {
            "mlp.hidden": {"mlp.gate"} if family.gate is None else set(),
            "mlp.out": {"mlp.hidden", "mlp.up", "mlp.gate"},
        }[down]
    )
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]


@pytest.mark.parametrize(
    ("model_class", "config", "n_parameters", "hidden"),
    [
        (
            hf.LlamaForCausalLM,
            hf.LlamaConfig(
                hidden_size=5120, intermediate_size=13824, num_hidden_layers=40, num_attention_heads=40
            ),
            13_015_864_320,  # Llama 2 13B, as published
            13824,
        ),
        (
            hf.BloomForCausalLM,
            hf.BloomConfig(vocab_size=250880, hidden_size=4096, n_layer=30, n_head=32),
            7_069_016_064,  # Bloom-7B1, as published
            16384,
        ),
    ],
)
def test_a_large_model_is_inspected_without_its_weights(
    model_class: type, config: hf.PretrainedConfig, n_parameters: int, hidden: int, tmp_path: Path
) -> None:
    facts = inspect_model(write_config(tmp_path, model_class, config), dtype="bfloat16")
    assert facts.parameters == n_parameters
    assert facts.sites["mlp.hidden"].neurons == facts.blocks * hidden
    assert 2 * n_parameters <= facts.memory.load_bytes < 2.001 * n_parameters
    assert facts.memory.load_bytes < facts.memory.run_bytes < 1.2 * facts.memory.load_bytes


@pytest.mark.parametrize("name", ["Llama", "GPT2", "Bert"])
def test_the_memory_of_a_pass_is_what_the_profiler_sees(name: str) -> None:
    sizes = {"vocab": 97, "width": 64, "hidden": 256, "heads": 4}
    with torch.device("meta"):
        skeleton = make_model(name, use="Model", **sizes)
    model, ids = make_model(name, use="Model", **sizes), torch.zeros((8, 128), dtype=torch.int64)
    off = {} if name == "Bert" else {"use_cache": False}
    with torch.inference_mode(), profile(profile_memory=True) as seen:
        model(ids, **off)
    now = most = 0
    for event in seen.profiler.kineto_results.events():
        if event.name() == "[memory]":
            now += event.nbytes()
            most = max(most, now)
    # A processor's attention makes buffers of its own, and the first block's keys stay in its cache.
    assert measure_activations(skeleton, 1024) == pytest.approx(most, rel=0.3)


def test_a_mixture_of_experts_says_what_it_cannot_tell(tmp_path: Path) -> None:
    config = hf.MixtralConfig(num_hidden_layers=2, num_local_experts=4, hidden_size=64, intermediate_size=96)
    facts = inspect_model(write_config(tmp_path, hf.MixtralForCausalLM, config))
    assert facts.memory.run_bytes is None
    assert set(facts.absent) == {"mlp.hidden", "mlp.up", "mlp.gate"}
    assert "mixture of experts" in facts.absent["mlp.hidden"]


def test_a_site_can_be_named(llama: PreTrainedModel, tmp_path: Path) -> None:
    folder = write_config(tmp_path, type(llama), llama.config)
    facts = inspect_model(folder, overrides={"mlp.hidden": "model.layers.*.self_attn.o_proj"})
    assert facts.sites["mlp.hidden"][:2] == ("model.layers.*.self_attn.o_proj", 32)
    with pytest.raises(SiteError, match=r"no module model\.layers\.0\.mlp\.fc2"):
        inspect_model(folder, overrides={"mlp.hidden": "model.layers.*.mlp.fc2"})


@pytest.mark.parametrize(
    ("template", "before", "after"),
    [(None, (), ()), ("<s> $A", ("<s>",), ()), ("<s> $A </s>", ("<s>",), ("</s>",))],
)
def test_tokenizer_facts_are_its_own(llama: PreTrainedModel, tmp_path: Path, template, before, after) -> None:
    folder = write_config(tmp_path, type(llama), llama.config)
    special = {"bos_token": "<s>", "eos_token": "</s>"} if template else {}
    make_tokenizer(template, padding_side="left", model_max_length=64, **special).save_pretrained(folder)
    facts = inspect_model(folder).tokenizer
    assert (facts.adds_before, facts.adds_after) == (before, after)
    assert (facts.vocabulary, facts.pad, facts.max_tokens) == (5, None, 64)
    assert (facts.bos, facts.eos) == (("<s>", "</s>") if template else (None, None))
    assert (facts.padding_side, facts.truncation_side) == ("left", "right")


def test_a_tokenizer_that_cannot_be_read_is_explained(llama: PreTrainedModel, tmp_path: Path) -> None:
    folder = write_config(tmp_path, type(llama), llama.config)
    (tmp_path / "tokenizer.json").write_text("{")
    facts = inspect_model(folder)
    assert facts.tokenizer is None
    assert "cannot be loaded" in facts.tokenizer_problem


def test_a_device_that_is_not_there_is_named(llama: PreTrainedModel, tmp_path: Path) -> None:
    folder = write_config(tmp_path, type(llama), llama.config)
    for device in ("tpu", "cuda:99", "cpu:1", "cuda:x"):
        with pytest.raises(ModelError, match=f"there is no device '{device}'; there is auto, cpu"):
            inspect_model(folder, device=device)
