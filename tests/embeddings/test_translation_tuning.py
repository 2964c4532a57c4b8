"""Contrastive fine-tuning: its loss by hand, what it changes, and the models that it refuses."""

import json

import numpy as np
import pytest
import torch
import transformers as hf

from polysteer.embeddings.encode import encode_texts
from polysteer.embeddings.translation_tuning import Tuning, measure_loss, tune_on_translations
from polysteer.errors import CorpusError, ModelError, NumericError
from polysteer.metrics.retrieval import retrieve_translations
from polysteer.models.loading import LoadedModel
from support.tiny_models import make_loaded, make_model, make_tokenizer, save_model

WORDS = [f"{language}{number}" for language in "abc" for number in range(12)]
PARALLEL = [
    {language: f"{language}{i} {language}{j}" for language in "abc"} for i in range(12) for j in range(i)
]
TUNING = Tuning(steps=60, batch=16, learning_rate=0.003, temperature=0.1)


def save_llama(folder):
    """A random model in which a language's words have nothing to do with another one's."""
    return save_model(folder, make_model("Llama", vocab=len(WORDS) + 1))


def load_llama(folder, dtype=torch.float32, **given) -> LoadedModel:
    model = hf.AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, **given).eval()
    return make_loaded(model, make_tokenizer(["?", *WORDS], unknown="?", pad_token="?"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_llama(tmp_path_factory.mktemp("llama"))


def tune(loaded, texts=PARALLEL, *, tuning=TUNING, layer="final", seed=0) -> dict[str, torch.Tensor]:
    tune_on_translations(loaded, texts, tuning, layer=layer, pool="mean", seed=seed)
    return loaded.model.state_dict()


def top1(loaded) -> float:
    vectors = {
        language: encode_texts(loaded, [texts[language] for texts in PARALLEL], layers=["final"]).vectors[0]
        for language in "abc"
    }
    return float(retrieve_translations(vectors).hits().mean())


def test_the_loss_is_that_of_a_loop_over_both_sides():
    vectors = np.random.default_rng(0).normal(size=(8, 5))
    a, b = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in np.split(vectors, 2))
    losses = []
    for queries, answers in ((a, b), (b, a)):
        for i, query in enumerate(queries):
            shares = np.exp([query @ answer / 0.2 for answer in answers])
            losses.append(-np.log(shares[i] / shares.sum()))
    found = measure_loss(torch.from_numpy(vectors), 0.2).item()
    assert found == pytest.approx(np.mean(losses))


def test_translations_are_found_after_tuning(folder):
    loaded = load_llama(folder, torch.bfloat16)
    before = top1(loaded)
    tune(loaded)
    assert before < 0.1
    assert top1(loaded) > 0.5
    assert loaded.model.dtype == torch.bfloat16
    assert not any(parameter.requires_grad for parameter in loaded.model.parameters())


def test_the_seed_decides_every_weight(folder):
    first, second, other = (tune(load_llama(folder), seed=seed) for seed in (3, 3, 4))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_only_what_the_layer_comes_from_is_changed(folder):
    plain, tuned = load_llama(folder).model.state_dict(), tune(load_llama(folder), layer=1)
    changed = {name for name in plain if not torch.equal(plain[name], tuned[name])}
    assert any(name.startswith("model.layers.0.") for name in changed)
    assert not any(name.startswith(("model.layers.1.", "lm_head", "model.norm")) for name in changed)


def test_a_sentence_without_translation_takes_no_part(folder):
    alone = [{"a": "a1 a1"}, *PARALLEL, {"b": "b2 b2"}]
    expected, found = tune(load_llama(folder)), tune(load_llama(folder), alone)
    assert all(torch.equal(expected[name], found[name]) for name in expected)


def test_text_without_translations_is_refused(folder):
    with pytest.raises(CorpusError, match="1 meanings of `find` stand in two"):
        tune(load_llama(folder), [PARALLEL[0], {"a": "a1"}, {"b": "b1"}])


def test_a_model_that_got_lost_names_the_step_and_the_key(folder):
    with pytest.raises(NumericError, match=r"lost at step \d+ of 60: .*finetune.learning_rate, now 1e\+20"):
        tune(load_llama(folder), tuning=TUNING._replace(learning_rate=1e20))


def test_a_model_in_pieces_is_refused(folder, tmp_path):
    places = {"model.embed_tokens": "cpu", "model.layers": "disk", "model.norm": "cpu", "lm_head": "cpu"}
    places["model.rotary_emb"] = "cpu"
    loaded = load_llama(folder, device_map=places, offload_folder=tmp_path)
    with pytest.raises(
        ModelError, match=r"spread over cpu, meta .* leave device_map or evaluate\.finetune out"
    ):
        tune(loaded)


def test_a_quantised_model_is_refused(tmp_path):
    folder = save_llama(tmp_path / "ternary")
    file = folder / "config.json"
    ternary = {"quant_method": "bitnet", "linear_class": "autobitlinear", "quantization_mode": "online"}
    file.write_text(json.dumps(json.loads(file.read_text()) | {"quantization_config": ternary}))
    with pytest.raises(ModelError, match=r"LlamaForCausalLM is quantised.*leave evaluate\.finetune out"):
        tune(load_llama(folder, device_map={"": "cpu"}))
