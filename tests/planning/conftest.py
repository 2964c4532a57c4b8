import random

import pytest

from polysteer.config import Experiment
from support.tiny_models import make_model, make_tokenizer, save_model

WORDS = [f"w{number}" for number in range(40)]
VOCABULARY = ["<s>", "<pad>", "<unk>", *WORDS]


@pytest.fixture(scope="session")
def causal_folder(tmp_path_factory):
    """A model that predicts, with a tokenizer that puts <s> before every text."""
    model = make_model("GPT2", vocab=len(VOCABULARY), hidden=64, bos_token_id=0, pad_token_id=1)
    return save(model, tmp_path_factory.mktemp("causal"))


@pytest.fixture(scope="session")
def encoder_folder(tmp_path_factory):
    """A model that predicts nothing."""
    model = make_model("Bert", vocab=len(VOCABULARY), hidden=32, pad_token_id=1)
    return save(model, tmp_path_factory.mktemp("encoder"))


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
    special = {"bos_token": "<s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    return save_model(folder, model, make_tokenizer(VOCABULARY, unknown="<unk>", **special))
