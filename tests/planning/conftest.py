import random

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertModel, GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

from polysteer.config import Experiment

WORDS = [f"w{number}" for number in range(40)]
VOCABULARY = {word: number for number, word in enumerate(["<s>", "<pad>", "<unk>", *WORDS])}


@pytest.fixture(scope="session")
def causal_folder(tmp_path_factory):
    """A model that predicts, with a tokenizer that puts <s> before every text."""
    torch.manual_seed(0)
    config = GPT2Config(
        n_layer=2, n_head=2, n_embd=16, vocab_size=len(VOCABULARY), bos_token_id=0, pad_token_id=1
    )
    return save(GPT2LMHeadModel(config), tmp_path_factory.mktemp("causal"))


@pytest.fixture(scope="session")
def encoder_folder(tmp_path_factory):
    """A model that predicts nothing."""
    torch.manual_seed(0)
    config = BertConfig(
        num_hidden_layers=2,
        num_attention_heads=2,
        hidden_size=16,
        intermediate_size=32,
        vocab_size=len(VOCABULARY),
        pad_token_id=1,
    )
    return save(BertModel(config), tmp_path_factory.mktemp("encoder"))


@pytest.fixture
def make_experiment(tmp_path):
    """Three languages, more tokens than are sampled, with the sections that a test changes."""
    rng = random.Random(0)
    files = {}
    for lang, first in (("en", 0), ("fi", 10), ("ja", 15)):
        lines = [" ".join(rng.choices(WORDS[first : first + 25], k=rng.randint(3, 9))) for _ in range(250)]
        files[lang] = tmp_path / f"text.{lang}"
        files[lang].write_text("\n".join(lines) + "\n")

    def make(model, **sections):
        content = {
            "model": {"id": str(model), "device": "cpu", "dtype": "float32"},
            "corpus": {"source": "lines", "files": files, "dev": 8, "test": 10},
            "targets": ["fi", "ja"],
            "collect": {},
            "rank": {"k": 0.1},
            "steer": {},
            "embed": {"token_budget": 60},
            "evaluate": {"controls": 2, "choose": {"cost_texts": 5}},
        }
        return Experiment.model_validate(content | sections)

    return make


def save(model, folder):
    base = Tokenizer(WordLevel(VOCABULARY, unk_token="<unk>"))
    base.pre_tokenizer = WhitespaceSplit()
    base.post_processor = TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    PreTrainedTokenizerFast(
        tokenizer_object=base, bos_token="<s>", pad_token="<pad>", unk_token="<unk>"
    ).save_pretrained(folder)
    model.save_pretrained(folder)
    return folder
