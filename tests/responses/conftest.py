import numpy as np
import pytest

from polysteer.responses.settings import ResponseSettings
from support.tiny_models import make_model, make_tokenizer

WORDS = [f"w{number}" for number in range(50)]


@pytest.fixture(scope="session")
def tokenizer():
    special = {"bos_token": "<s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    return make_tokenizer(["<s>", "<pad>", "<unk>", *WORDS], unknown="<unk>", **special)


@pytest.fixture(scope="session")
def model():
    return make_model("Llama", vocab=53, blocks=3, num_key_value_heads=1, pad_token_id=1, bos_token_id=0)


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
