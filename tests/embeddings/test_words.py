"""Word vectors against transformers by hand: one sentence at a time, its tokens placed by their own text."""

import numpy as np
import pytest
import torch
import transformers as hf

from polysteer.builtin.model.tokenizer import train_tokenizer
from polysteer.embeddings.words import Place, encode_words
from polysteer.errors import ModelError, NumericError
from polysteer.models.loading import LoadedModel
from support.tiny_models import make_loaded, make_model

LAYERS = [0, 1, "final"]
TEXTS = ["ein kleiner Hund", "les îles", "unbelievable, not", "本が好き", "a"]
WORDS = [(0, "ein"), (0, "kleiner"), (0, "Hund"), (1, "les"), (1, "îles"), (2, "unbelievable"), (2, ","),
         (3, "本"), (3, "が"), (3, "好き"), (4, "a")]  # fmt: skip


@pytest.fixture(scope="module")
def loaded() -> LoadedModel:
    """Every word but one of a letter is split: the tokenizer knows little more than bytes."""
    tokenizer = train_tokenizer(["ein kleiner Hund ein kleiner Hund"], vocabulary=266)
    return make_loaded(make_model("Llama", vocab=len(tokenizer), blocks=1, initializer_range=0.3), tokenizer)


def make_places() -> list[Place]:
    return [Place(text, TEXTS[text].index(word), TEXTS[text].index(word) + len(word)) for text, word in WORDS]


def place_bytes(loaded: LoadedModel, text: str) -> tuple[torch.Tensor, list[tuple[int, int]]]:
    """Ids, and where each token stands in bytes: those of the tokens before it, as none is of other text."""
    ids = loaded.tokenizer(text, return_tensors="pt")["input_ids"]
    spans, start = [], 0
    for token in loaded.tokenizer.convert_ids_to_tokens(ids[0])[1:]:  # a letter stands for a byte
        spans.append((start, start + len(token)))
        start += len(token)
    assert start == len(text.encode())
    return ids, spans


def read_by_hand(loaded: LoadedModel, place: Place) -> np.ndarray:
    text = TEXTS[place.text]
    ids, spans = place_bytes(loaded, text)
    first, last = (len(text[:end].encode()) for end in (place.start, place.stop))
    own = [1 + i for i, (start, stop) in enumerate(spans) if start < last and stop > first]
    raw = []
    handle = loaded.model.model.layers[0].register_forward_hook(lambda *args: raw.append(args[2].clone()))
    with torch.no_grad():
        hidden = loaded.model(ids, output_hidden_states=True).hidden_states
    handle.remove()
    return np.stack([states[0][own].mean(0).numpy() for states in (hidden[0], *raw, hidden[-1])])


@pytest.mark.parametrize("token_budget", [1, 40, 4096])
def test_a_word_is_the_mean_of_the_tokens_that_overlap_it(loaded, token_budget):
    found = encode_words(loaded, TEXTS, make_places(), layers=LAYERS, token_budget=token_budget)
    assert found.places.tolist() == list(range(len(WORDS)))
    for number, place in enumerate(make_places()):
        np.testing.assert_allclose(found.vectors[:, number], read_by_hand(loaded, place), atol=1e-5)


def test_words_are_of_one_token_and_of_many(loaded):
    spans = [place_bytes(loaded, text)[1] for text in TEXTS]
    n_tokens = [
        sum(start < place.stop and stop > place.start for start, stop in spans[place.text])
        for place in make_places()
        if TEXTS[place.text].isascii()
    ]
    assert min(n_tokens) == 1
    assert max(n_tokens) > 8


def test_a_word_beyond_the_cut_of_its_text_has_no_vector(loaded):
    whole = encode_words(loaded, TEXTS, make_places(), layers=LAYERS)
    limit = loaded.tokenizer.model_max_length
    loaded.tokenizer.model_max_length = 8
    try:
        cut = encode_words(loaded, TEXTS, make_places(), layers=LAYERS)
    finally:
        loaded.tokenizer.model_max_length = limit
    assert 0 in cut.places
    assert WORDS.index((2, ",")) not in cut.places
    assert np.allclose(cut.vectors[:, 0], whole.vectors[:, 0], atol=1e-5)  # a causal model looks back alone


def test_no_words_give_no_vectors(loaded):
    assert encode_words(loaded, TEXTS, [], layers=LAYERS).vectors.shape == (3, 0, 16)
    assert encode_words(loaded, [], [], layers=LAYERS).vectors.shape == (3, 0, 16)


def test_a_tokenizer_without_places_is_refused(loaded):
    class Slow(hf.PreTrainedTokenizer):
        def get_vocab(self):
            return {"a": 0}

        vocab_size = 1

        def _tokenize(self, text):
            return ["a"] * len(text)

        def _convert_token_to_id(self, _token):
            return 0

    with pytest.raises(ModelError, match="use a fast tokenizer, or write 'words: 0' under 'embed'"):
        encode_words(LoadedModel(loaded.model, Slow()), ["a"], [Place(0, 0, 1)], layers=LAYERS)


def test_what_is_not_finite_is_refused(loaded):
    weights = loaded.model.model.layers[0].mlp.down_proj.weight.data
    kept = weights.clone()
    weights.fill_(float("inf"))
    try:
        with pytest.raises(NumericError, match="layer 1 is not finite"):
            encode_words(loaded, TEXTS, make_places(), layers=LAYERS)
    finally:
        weights.copy_(kept)
