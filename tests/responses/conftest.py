import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from polysteer.responses.settings import ResponseSettings

WORDS = [f"w{number}" for number in range(50)]


@pytest.fixture(scope="session")
def tokenizer():
    vocabulary = {"<s>": 0, "<pad>": 1, "<unk>": 2} | {word: i + 3 for i, word in enumerate(WORDS)}
    base = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    base.pre_tokenizer = pre_tokenizers.Whitespace()
    base.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    return PreTrainedTokenizerFast(
        tokenizer_object=base, bos_token="<s>", pad_token="<pad>", unk_token="<unk>"
    )


@pytest.fixture(scope="session")
def model():
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=53,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=3,
        num_attention_heads=2,
        num_key_value_heads=1,
        pad_token_id=1,
        bos_token_id=0,
    )
    return LlamaForCausalLM(config).eval()


@pytest.fixture(scope="session")
def texts_by_language():
    rng = np.random.default_rng(0)
    return {
        language: [" ".join(rng.choice(WORDS[first : first + 30], rng.integers(1, 12))) for _ in range(40)]
        for language, first in (("en", 0), ("ja", 10), ("fr", 20))
    }


@pytest.fixture
def settings():
    return ResponseSettings(
        source="model-1", sites=("attn.qkv", "mlp.hidden", "attn.out"), token_budget=40, n_sampled_tokens=50
    )
