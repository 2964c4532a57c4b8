"""Tiny random models of the real classes, with their modules named by hand as an oracle for what is found."""

from collections.abc import Callable
from typing import NamedTuple

import pytest
import torch
import transformers as hf
from torch.nn import functional

VOCAB, WIDTH, HIDDEN, BLOCKS = 97, 32, 48, 2


class Family(NamedTuple):
    """How to build a family, and which module is which in one block, written down from its source."""

    model_class: type
    config: Callable[[], hf.PretrainedConfig]
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

    def build(self) -> hf.PreTrainedModel:
        torch.manual_seed(0)
        model = self.model_class(self.config())
        for parameter in model.parameters():  # fresh models have biases of 0, which would hide mistakes
            if parameter.ndim == 1:
                torch.nn.init.normal_(parameter, mean=parameter.mean().item(), std=0.1)
        return (model.get_encoder() if model.config.is_encoder_decoder else model).eval()

    def module(self, model: hf.PreTrainedModel, block: int, name: str) -> torch.nn.Module:
        return model.get_submodule(f"{self.block.replace('*', str(block))}.{name}")


def gelu_tanh(x: torch.Tensor) -> torch.Tensor:
    return functional.gelu(x, approximate="tanh")


SPLIT_QKV = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
SPECIAL = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}


def llama_like(name: str, activation=functional.silu, **more) -> Family:
    def config() -> hf.PretrainedConfig:
        return getattr(hf, f"{name}Config" if name != "Gemma3" else "Gemma3TextConfig")(
            vocab_size=VOCAB,
            hidden_size=WIDTH,
            intermediate_size=HIDDEN,
            num_hidden_layers=BLOCKS,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=8,
            max_position_embeddings=64,
            **SPECIAL,
            **more,
        )

    return Family(
        getattr(hf, f"{name}ForCausalLM"),
        config,
        "model.layers.*",
        SPLIT_QKV,
        "self_attn.o_proj",
        up="mlp.up_proj",
        down="mlp.down_proj",
        gate="mlp.gate_proj",
        activation=activation,
    )


def opt_like(model_class, config, block: str, activation, **more) -> Family:
    return Family(
        model_class,
        config,
        block,
        SPLIT_QKV,
        "self_attn.out_proj",
        up="fc1",
        down="fc2",
        activation=activation,
        **more,
    )


def bert_like(name: str, **more) -> Family:
    return Family(
        getattr(hf, f"{name}Model"),
        lambda: getattr(hf, f"{name}Config")(
            vocab_size=VOCAB,
            hidden_size=WIDTH,
            intermediate_size=HIDDEN,
            num_hidden_layers=BLOCKS,
            num_attention_heads=4,
            max_position_embeddings=64,
        ),
        "encoder.layer.*",
        ("attention.self.query", "attention.self.key", "attention.self.value"),
        "attention.output.dense",
        up="intermediate.dense",
        down="output.dense",
        activation=functional.gelu,
        **more,
    )


FAMILIES = {
    "bloom": Family(
        hf.BloomForCausalLM,
        lambda: hf.BloomConfig(vocab_size=VOCAB, hidden_size=WIDTH, n_layer=BLOCKS, n_head=4),
        "transformer.h.*",
        ("self_attention.query_key_value",),
        "self_attention.dense",
        up="mlp.dense_h_to_4h",
        down="mlp.dense_4h_to_h",
        activation=gelu_tanh,
    ),
    "gpt2": Family(
        hf.GPT2LMHeadModel,
        lambda: hf.GPT2Config(
            vocab_size=VOCAB,
            n_embd=WIDTH,
            n_layer=BLOCKS,
            n_head=4,
            n_positions=64,
            bos_token_id=1,
            eos_token_id=1,
        ),
        "transformer.h.*",
        ("attn.c_attn",),
        "attn.c_proj",
        up="mlp.c_fc",
        down="mlp.c_proj",
        activation=gelu_tanh,
    ),
    "cohere": llama_like("Cohere"),
    "cohere2": llama_like("Cohere2"),
    "llama": llama_like("Llama"),
    "mistral": llama_like("Mistral"),
    "qwen2": llama_like("Qwen2"),
    "qwen3": llama_like("Qwen3"),
    "gemma2": llama_like("Gemma2", gelu_tanh),
    "gemma3": llama_like("Gemma3", gelu_tanh),
    "xglm": opt_like(
        hf.XGLMForCausalLM,
        lambda: hf.XGLMConfig(
            vocab_size=VOCAB,
            d_model=WIDTH,
            ffn_dim=HIDDEN,
            num_layers=BLOCKS,
            attention_heads=4,
            max_position_embeddings=64,
        ),
        "model.layers.*",
        functional.gelu,
    ),
    "opt": opt_like(
        hf.OPTForCausalLM,
        lambda: hf.OPTConfig(
            vocab_size=VOCAB,
            hidden_size=WIDTH,
            ffn_dim=HIDDEN,
            num_hidden_layers=BLOCKS,
            num_attention_heads=4,
            max_position_embeddings=64,
            word_embed_proj_dim=WIDTH,
        ),
        "model.decoder.layers.*",
        functional.relu,
    ),
    "gpt_neox": Family(
        hf.GPTNeoXForCausalLM,
        lambda: hf.GPTNeoXConfig(
            vocab_size=VOCAB,
            hidden_size=WIDTH,
            intermediate_size=HIDDEN,
            num_hidden_layers=BLOCKS,
            num_attention_heads=4,
            max_position_embeddings=64,
        ),
        "gpt_neox.layers.*",
        ("attention.query_key_value",),
        "attention.dense",
        up="mlp.dense_h_to_4h",
        down="mlp.dense_4h_to_h",
        activation=functional.gelu,
    ),
    "falcon": Family(
        hf.FalconForCausalLM,
        lambda: hf.FalconConfig(
            vocab_size=VOCAB,
            hidden_size=WIDTH,
            num_hidden_layers=BLOCKS,
            num_attention_heads=4,
            bos_token_id=1,
            eos_token_id=1,
        ),
        "transformer.h.*",
        ("self_attention.query_key_value",),
        "self_attention.dense",
        up="mlp.dense_h_to_4h",
        down="mlp.dense_4h_to_h",
        activation=functional.gelu,
    ),
    "phi3": Family(
        hf.Phi3ForCausalLM,
        lambda: hf.Phi3Config(
            vocab_size=VOCAB,
            hidden_size=WIDTH,
            intermediate_size=HIDDEN,
            num_hidden_layers=BLOCKS,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=64,
            **SPECIAL,
        ),
        "model.layers.*",
        ("self_attn.qkv_proj",),
        "self_attn.o_proj",
        up="mlp.gate_up_proj",
        down="mlp.down_proj",
        gate="mlp.gate_up_proj",
        activation=functional.silu,
        gate_columns=slice(0, HIDDEN),
        up_columns=slice(HIDDEN, 2 * HIDDEN),
    ),
    "mixtral": Family(
        hf.MixtralForCausalLM,
        lambda: hf.MixtralConfig(
            vocab_size=VOCAB,
            hidden_size=WIDTH,
            intermediate_size=HIDDEN,
            num_hidden_layers=BLOCKS,
            num_attention_heads=4,
            num_key_value_heads=2,
            num_local_experts=4,
            max_position_embeddings=64,
            **SPECIAL,
        ),
        "model.layers.*",
        SPLIT_QKV,
        "self_attn.o_proj",
        up=None,
        down=None,
        mixture="mlp",
    ),
    "bert": bert_like("Bert"),
    "xlm-roberta": bert_like("XLMRoberta", own_pad_only=True),
    "m2m_100": opt_like(
        hf.M2M100Model,
        lambda: hf.M2M100Config(
            vocab_size=VOCAB,
            d_model=WIDTH,
            encoder_ffn_dim=HIDDEN,
            decoder_ffn_dim=HIDDEN,
            encoder_layers=BLOCKS,
            decoder_layers=1,
            encoder_attention_heads=4,
            decoder_attention_heads=4,
            max_position_embeddings=64,
        ),
        "layers.*",
        functional.relu,
        own_pad_only=True,
    ),
    "t5": Family(
        hf.T5EncoderModel,
        lambda: hf.T5Config(
            vocab_size=VOCAB,
            d_model=WIDTH,
            d_kv=8,
            d_ff=HIDDEN,
            num_layers=BLOCKS,
            num_heads=4,
            feed_forward_proj="gated-gelu",
        ),
        "encoder.block.*",
        ("layer.0.SelfAttention.q", "layer.0.SelfAttention.k", "layer.0.SelfAttention.v"),
        "layer.0.SelfAttention.o",
        up="layer.1.DenseReluDense.wi_1",
        down="layer.1.DenseReluDense.wo",
        gate="layer.1.DenseReluDense.wi_0",
        activation=gelu_tanh,
    ),
}


@pytest.fixture(params=FAMILIES, scope="session")
def named_family(request: pytest.FixtureRequest) -> tuple[str, Family, hf.PreTrainedModel]:
    family = FAMILIES[request.param]
    return request.param, family, family.build()


@pytest.fixture
def family(named_family: tuple[str, Family, hf.PreTrainedModel]) -> Family:
    return named_family[1]


@pytest.fixture
def model(named_family: tuple[str, Family, hf.PreTrainedModel]) -> hf.PreTrainedModel:
    return named_family[2]


@pytest.fixture
def llama() -> hf.PreTrainedModel:
    """A fresh one, for tests of one family that may spoil it."""
    return FAMILIES["llama"].build()


@pytest.fixture
def ids() -> torch.Tensor:
    """Two texts of six tokens, none of them special to any family."""
    return torch.randint(20, 49, (2, 6), generator=torch.Generator().manual_seed(0))
