"""Which module is which in each family, written down from its source: an oracle for what is found."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import pytest
import torch
import transformers as hf
from torch.nn import functional

from support.tiny_models import find_class, make_config, make_model

SIZES = {"vocab": 97, "width": 32, "hidden": 48, "blocks": 2, "heads": 4}
SHORT = {"max_position_embeddings": 64}
SPECIAL = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
BEGIN_IS_END = {"bos_token_id": 1, "eos_token_id": 1}
GROUPED = SHORT | SPECIAL | {"num_key_value_heads": 2}


class Family(NamedTuple):
    """How to build a family, and its modules in one block."""

    name: str
    block: str
    qkv: tuple[str, ...]
    attn_out: str
    up: str | None
    down: str | None
    gate: str | None = None
    activation: Callable[[torch.Tensor], torch.Tensor] | None = None
    up_columns: slice = slice(None)
    gate_columns: slice = slice(None)
    mixture: str | None = None
    own_pad_only: bool = False  # positions are counted from the pad id
    writes: bool = True
    use: str | None = None  # the end of its class's name
    more: Mapping[str, object] = SHORT

    @property
    def model_class(self) -> type[hf.PreTrainedModel]:
        return find_class(self.name, self.use)

    def config(self) -> hf.PretrainedConfig:
        return make_config(self.name, **SIZES, **self.more)

    def build(self) -> hf.PreTrainedModel:
        model = make_model(self.name, use=self.use, **SIZES, **self.more)
        for parameter in model.parameters():  # fresh models have biases of 0, which would hide mistakes
            if parameter.ndim == 1:
                torch.nn.init.normal_(parameter, mean=parameter.mean().item(), std=0.1)
        return (model.get_encoder() if model.config.is_encoder_decoder else model).eval()

    def module(self, model: hf.PreTrainedModel, block: int, name: str) -> torch.nn.Module:
        return model.get_submodule(f"{self.block.replace('*', str(block))}.{name}")


def gelu_tanh(x: torch.Tensor) -> torch.Tensor:
    return functional.gelu(x, approximate="tanh")


SPLIT_QKV = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")


def llama_like(name: str, activation=functional.silu) -> Family:
    return Family(
        name,
        "model.layers.*",
        SPLIT_QKV,
        "self_attn.o_proj",
        up="mlp.up_proj",
        down="mlp.down_proj",
        gate="mlp.gate_proj",
        activation=activation,
        more=GROUPED | {"head_dim": 8},
    )


def opt_like(name: str, block: str, activation, **other) -> Family:
    return Family(
        name, block, SPLIT_QKV, "self_attn.out_proj", up="fc1", down="fc2", activation=activation, **other
    )


def bert_like(name: str, **other) -> Family:
    return Family(
        name,
        "encoder.layer.*",
        ("attention.self.query", "attention.self.key", "attention.self.value"),
        "attention.output.dense",
        up="intermediate.dense",
        down="output.dense",
        activation=functional.gelu,
        writes=False,
        use="Model",
        **other,
    )


def bloom_like(name: str, block: str, attention: str, activation, more: Mapping[str, object]) -> Family:
    return Family(
        name,
        block,
        (f"{attention}.query_key_value",),
        f"{attention}.dense",
        up="mlp.dense_h_to_4h",
        down="mlp.dense_4h_to_h",
        activation=activation,
        more=more,
    )


FAMILIES = {
    "bloom": bloom_like("Bloom", "transformer.h.*", "self_attention", gelu_tanh, {}),
    "gpt2": Family(
        "GPT2",
        "transformer.h.*",
        ("attn.c_attn",),
        "attn.c_proj",
        up="mlp.c_fc",
        down="mlp.c_proj",
        activation=gelu_tanh,
        more={"n_positions": 64, "n_inner": None} | BEGIN_IS_END,
    ),
    "cohere": llama_like("Cohere"),
    "cohere2": llama_like("Cohere2"),
    "llama": llama_like("Llama"),
    "mistral": llama_like("Mistral"),
    "qwen2": llama_like("Qwen2"),
    "qwen3": llama_like("Qwen3"),
    "gemma2": llama_like("Gemma2", gelu_tanh),
    "gemma3": llama_like("Gemma3", gelu_tanh),
    "xglm": opt_like("XGLM", "model.layers.*", functional.gelu),
    "opt": opt_like("OPT", "model.decoder.layers.*", functional.relu),
    "gpt_neox": bloom_like("GPTNeoX", "gpt_neox.layers.*", "attention", functional.gelu, SHORT),
    "falcon": bloom_like("Falcon", "transformer.h.*", "self_attention", functional.gelu, BEGIN_IS_END),
    "phi3": Family(
        "Phi3",
        "model.layers.*",
        ("self_attn.qkv_proj",),
        "self_attn.o_proj",
        up="mlp.gate_up_proj",
        down="mlp.down_proj",
        gate="mlp.gate_up_proj",
        activation=functional.silu,
        gate_columns=slice(0, SIZES["hidden"]),
        up_columns=slice(SIZES["hidden"], None),
        more=GROUPED,
    ),
    "mixtral": Family(
        "Mixtral",
        "model.layers.*",
        SPLIT_QKV,
        "self_attn.o_proj",
        up=None,
        down=None,
        mixture="mlp",
        more=GROUPED | {"num_local_experts": 4},
    ),
    "bert": bert_like("Bert"),
    "xlm-roberta": bert_like("XLMRoberta", own_pad_only=True),
    "m2m_100": opt_like(
        "M2M100",
        "layers.*",
        functional.relu,
        own_pad_only=True,
        writes=False,
        use="Model",
        more=SHORT | {"decoder_layers": 1},
    ),
    "t5": Family(
        "T5",
        "encoder.block.*",
        ("layer.0.SelfAttention.q", "layer.0.SelfAttention.k", "layer.0.SelfAttention.v"),
        "layer.0.SelfAttention.o",
        up="layer.1.DenseReluDense.wi_1",
        down="layer.1.DenseReluDense.wo",
        gate="layer.1.DenseReluDense.wi_0",
        activation=gelu_tanh,
        writes=False,
        use="EncoderModel",
        more={"d_kv": 8, "feed_forward_proj": "gated-gelu"},
    ),
}


def of_families(suits: Callable[[Family], bool]) -> pytest.MarkDecorator:
    """A test that is run for these alone."""
    names = [name for name, family in FAMILIES.items() if suits(family)]
    return pytest.mark.parametrize("named_family", names, indirect=True)
