"""Texts against `generate` called by hand."""

import numpy as np
import pytest
import torch
import transformers as hf

from polysteer.errors import ModelError
from polysteer.masks.edits import NeuronEdit
from polysteer.models.generation import Sampling, generate_pairs, generate_text
from polysteer.models.intervene import apply_edits
from polysteer.models.loading import LoadedModel
from support.tiny_models import make_loud, make_model, make_tokenizer

PROMPTS = ["w30 w31", "w40 w41 w42 w43 w44"]
EDITS = [NeuronEdit("mlp.hidden", 1, np.arange(20), np.zeros(20, np.float32), np.full(20, 4, np.float32))]


class HoldingMask:
    chosen = None

    def check_fits(self, shape) -> None:
        assert shape.family == "llama"

    def edits(self, *, intervention, strength, blocks) -> list[NeuronEdit]:
        assert (intervention, strength, blocks) == ("set", 0.5, None)
        return EDITS


@pytest.fixture
def loaded(llama: hf.PreTrainedModel) -> LoadedModel:
    return LoadedModel(
        make_loud(llama), make_tokenizer([f"w{i}" for i in range(97)], unknown="w3", pad_token="w0")
    )


def write_by_hand(loaded: LoadedModel, prompt: str, seed: int, **how) -> str:
    ids = loaded.tokenizer(prompt, return_tensors="pt")["input_ids"]
    torch.manual_seed(seed)
    with torch.no_grad():
        written = loaded.model.generate(ids, max_new_tokens=8, **how)
    return loaded.tokenizer.decode(written[0, ids.shape[1] :], skip_special_tokens=True)


@pytest.mark.parametrize(
    ("sampling", "how"),
    [
        (Sampling(8, temperature=0), {"do_sample": False}),
        (
            Sampling(8, temperature=0.7, top_p=0.9, seed=3),
            {"do_sample": True, "temperature": 0.7, "top_p": 0.9},
        ),
    ],
)
def test_texts_are_those_of_the_model_without_and_with_the_mask(loaded, sampling: Sampling, how) -> None:
    pairs = generate_pairs(loaded, PROMPTS, HoldingMask(), sampling, strength=0.5, intervention="set")
    assert [pair.prompt for pair in pairs] == PROMPTS
    for pair in pairs:
        assert pair.plain == write_by_hand(loaded, pair.prompt, sampling.seed, **how)
        with apply_edits(loaded.model, EDITS):
            assert pair.steered == write_by_hand(loaded, pair.prompt, sampling.seed, **how)
        assert pair.plain != pair.steered


def test_a_text_depends_on_its_prompt_and_seed_alone(loaded) -> None:
    state = torch.get_rng_state()
    first = generate_text(loaded, PROMPTS[1], Sampling(8))
    generate_text(loaded, PROMPTS[0], Sampling(8))
    assert generate_text(loaded, PROMPTS[1], Sampling(8)) == first
    assert generate_text(loaded, PROMPTS[1], Sampling(8, seed=1)) != first
    assert torch.equal(torch.get_rng_state(), state)


def test_what_cannot_be_written_is_named(loaded) -> None:
    with pytest.raises(ModelError, match="the prompt '' has no tokens"):
        generate_text(loaded, "", Sampling())
    with pytest.raises(ModelError, match=r"has 5 tokens, and with 60 new ones they exceed the model's 64"):
        generate_text(loaded, PROMPTS[1], Sampling(60))
    encoder = LoadedModel(make_model("Bert", vocab=97), loaded.tokenizer)
    with pytest.raises(ModelError, match="BertModel writes no text"):
        generate_text(encoder, PROMPTS[0], Sampling())
