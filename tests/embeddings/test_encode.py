"""Vectors and losses against the Hugging Face model run by hand, one text at a time."""

import numpy as np
import pytest
import torch
import transformers as hf
from tokenizers import processors

from polysteer.embeddings.encode import encode_batches, encode_texts, prepare_texts
from polysteer.embeddings.encoder import SteeredEncoder
from polysteer.errors import ModelError, NumericError
from polysteer.masks.edits import NeuronEdit
from polysteer.models.intervene import apply_edits
from polysteer.models.loading import LoadedModel
from polysteer.models.tokens import remember_special_ids
from support.tiny_models import make_loaded, make_model, make_tokenizer

VOCAB = 60
LAYERS = [0, 1, 2, "final"]
TEXTS = ["w10 w11 w12", "w13", "w20 w21 w22 w23 w24", "w30 w31 w32", "w40 w41 w42 w43", "w13 w14"]


@pytest.fixture
def tokenizer() -> hf.PreTrainedTokenizerFast:
    words = ["<s>", "</s>", *(f"w{i}" for i in range(2, VOCAB))]
    return make_tokenizer(words, unknown="w2", bos_token="<s>", eos_token="</s>")


@pytest.fixture
def loaded(tokenizer: hf.PreTrainedTokenizerFast) -> LoadedModel:
    return make_loaded(make_model("Llama", vocab=VOCAB, bos_token_id=0, eos_token_id=1), tokenizer)


def hold(value: float) -> list[NeuronEdit]:
    units = np.array([1, 2, 5])
    return [NeuronEdit("mlp.hidden", 0, units, np.zeros(3, np.float32), np.full(3, value, np.float32))]


def pool_by_hand(hidden: torch.Tensor, pool: str) -> torch.Tensor:
    words = hidden[0, 1:]  # without BOS
    return {"mean": words.mean(0), "max": words.max(0).values, "last": words[-1]}[pool]


def run_by_hand(loaded: LoadedModel, text: str) -> tuple[list[torch.Tensor], torch.Tensor, torch.Tensor]:
    """Token embeddings, raw outputs of the blocks and final hidden states; logits; ids."""
    ids = loaded.tokenizer(text, return_tensors="pt")["input_ids"]
    raw = []
    handles = [
        block.register_forward_hook(lambda _module, _args, output: raw.append(output.clone()))
        for block in loaded.model.model.layers
    ]
    with torch.no_grad():
        output = loaded.model(ids, output_hidden_states=True)
    for handle in handles:
        handle.remove()
    return [output.hidden_states[0], *raw, output.hidden_states[-1]], output.logits, ids


@pytest.mark.parametrize("pool", ["mean", "max", "last"])
@pytest.mark.parametrize("token_budget", [1, 12, 4096])
@pytest.mark.parametrize("value", [None, 3.0])
def test_vectors_are_those_of_each_text_alone(
    loaded, pool: str, token_budget: int, value: float | None
) -> None:
    with apply_edits(loaded.model, hold(value) if value else []):
        encoded = encode_texts(loaded, TEXTS, layers=LAYERS, pool=pool, token_budget=token_budget)
        assert encoded.vectors.shape == (4, 6, 16)
        for i, text in enumerate(TEXTS):
            hidden, _, _ = run_by_hand(loaded, text)
            expected = torch.stack([pool_by_hand(layer, pool) for layer in hidden])
            np.testing.assert_allclose(encoded.vectors[:, i], expected, atol=1e-5)


@pytest.mark.parametrize("token_budget", [1, 4096])
@pytest.mark.parametrize("value", [None, 3.0])
def test_losses_are_those_of_each_text_alone(loaded, token_budget: int, value: float | None) -> None:
    asked = np.array([True, False, True, False, True, True])
    with apply_edits(loaded.model, hold(value) if value else []):
        encoded = encode_texts(loaded, TEXTS, layers=["final"], token_budget=token_budget, losses=asked)
        for i, text in enumerate(TEXTS):
            _, logits, ids = run_by_hand(loaded, text)
            assert encoded.n_tokens[i] == ids.shape[1] - 1
            loss = torch.nn.functional.cross_entropy(logits[0, :-1], ids[0, 1:], reduction="sum")
            assert encoded.token_nll[i] == pytest.approx(loss.item(), abs=1e-4) or not asked[i]
    assert np.array_equal(np.isnan(encoded.token_nll), ~asked)


def test_losses_need_no_final_layer_among_the_vectors(loaded) -> None:
    encoded = encode_texts(loaded, TEXTS, layers=[1], losses=np.ones(6, dtype=bool))
    assert encoded.vectors.shape == (1, 6, 16)
    assert np.isfinite(encoded.token_nll).all()


def test_prepared_texts_serve_any_number_of_interventions(loaded) -> None:
    prepared = prepare_texts(loaded, TEXTS, token_budget=12)
    plain = encode_batches(loaded.model, prepared, layers=LAYERS)
    with apply_edits(loaded.model, hold(3.0)):
        held = encode_batches(loaded.model, prepared, layers=LAYERS)
    assert np.array_equal(held.vectors[0], plain.vectors[0])
    assert not np.allclose(held.vectors[1], plain.vectors[1])
    again = encode_batches(loaded.model, prepared, layers=LAYERS)
    assert np.array_equal(again.vectors, plain.vectors)


def test_low_layers_do_not_run_the_model_above(loaded) -> None:
    encode_texts(loaded, TEXTS, layers=[0])
    ran = []
    for name, module in loaded.model.named_modules():
        module.register_forward_pre_hook(lambda _module, _args, name=name: ran.append(name))
    encode_texts(loaded, TEXTS, layers=[0, 1])
    assert "model.layers.0.mlp.down_proj" in ran
    assert not {"model.layers.1.mlp", "model.norm", "lm_head"} & set(ran)


def test_specials_are_pooled_only_when_asked_for(loaded) -> None:
    prepared = prepare_texts(loaded, TEXTS, include_specials=True)
    vectors = encode_batches(loaded.model, prepared, layers=["final"]).vectors[0]
    hidden, _, _ = run_by_hand(loaded, TEXTS[0])
    np.testing.assert_allclose(vectors[0], hidden[-1][0].mean(0), atol=1e-5)


SHORT = {"max_position_embeddings": 8}


@pytest.mark.parametrize(
    ("name", "limit", "n_read"),
    [
        ("GPT2", {"n_positions": 8}, 8),
        ("Bert", SHORT, 8),
        ("XLMRoberta", SHORT, 6),
        ("Llama", SHORT, 8),
        ("Bloom", {}, 12),
    ],
)
def test_a_text_is_read_as_far_as_the_model_goes(
    name: str, limit: dict[str, int], n_read: int, tokenizer, notices: list[str]
) -> None:
    model = make_model(name, use="Model", vocab=VOCAB, blocks=1, **limit)
    texts = ["w13 w14", " ".join(f"w{i}" for i in range(20, 31))]  # BOS is the twelfth token
    vectors = SteeredEncoder((model, tokenizer)).encode(texts)
    ids = torch.tensor([[0, *range(20, 31)][:n_read]])
    with torch.no_grad():
        hidden = model(input_ids=ids)[0]
    np.testing.assert_allclose(vectors[1], hidden[0, 1:].mean(0), atol=1e-5)
    cut = f"1 of 2 texts were cut to {n_read} tokens, the most that the model reads"
    assert notices == ([] if name == "Bloom" else [cut])


def test_no_texts_give_no_vectors(loaded) -> None:
    assert encode_texts(loaded, [], layers=LAYERS).vectors.shape == (4, 0, 16)


def test_a_text_of_specials_alone_is_named(loaded) -> None:
    with pytest.raises(ModelError, match=r"text 1 \(''\) has special tokens alone"):
        encode_texts(loaded, ["w5", ""], layers=LAYERS)


def test_vectors_that_are_not_finite_are_named(loaded) -> None:
    loaded.model.model.layers[1].mlp.down_proj.weight.data[0] = torch.inf
    with pytest.raises(NumericError, match="of text 0 at layer 2"):
        encode_texts(loaded, ["w5", "w6"], layers=LAYERS)


@pytest.mark.parametrize("name", ["Bert", "XLMRoberta"])
@pytest.mark.parametrize("pool", ["mean", "max", "last"])
def test_with_specials_vectors_are_those_of_sentence_transformers(name: str, pool: str, tokenizer) -> None:
    """As its `Transformer` and `Pooling` work: padded texts, and every token that the mask shows."""
    special = {"cls_token": "<s>", "sep_token": "</s>", "pad_token": f"w{VOCAB - 1}"}
    inner = tokenizer.backend_tokenizer
    around = [("<s>", 0), ("</s>", 1)]
    inner.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=around)
    tokenizer = hf.PreTrainedTokenizerFast(tokenizer_object=inner, **special)
    model = make_model(name, use="Model", vocab=VOCAB, pad_token_id=VOCAB - 1)
    padded = tokenizer(TEXTS, padding=True, return_tensors="pt", return_token_type_ids=False)
    with torch.no_grad():
        hidden, seen = model(**padded)[0], padded["attention_mask"][..., None].bool()
    expected = {
        "mean": (hidden * seen).sum(1) / seen.sum(1),
        "max": hidden.masked_fill(~seen, -torch.inf).amax(1),
        "last": hidden[torch.arange(len(TEXTS)), seen[..., 0].sum(1) - 1],
    }[pool]
    remember_special_ids(model, tokenizer)
    encoder = SteeredEncoder((model, tokenizer), pool=pool, include_specials=True)
    np.testing.assert_allclose(encoder.encode(TEXTS), expected, atol=1e-5)
    without = SteeredEncoder((model, tokenizer), pool=pool)
    assert np.abs(without.encode(TEXTS) - expected.numpy()).max() > 0.01
    blank = encoder.encode(["w5", ""], allow_blank=True)[1]
    assert np.abs(blank).max() > 0.01


def test_losses_are_of_text_whether_or_not_specials_are_pooled(loaded) -> None:
    found = [
        encode_batches(
            loaded.model,
            prepare_texts(loaded, [f"{text} </s>" for text in TEXTS], include_specials=include_specials),
            layers=["final"],
            losses=np.ones(6, dtype=bool),
        )
        for include_specials in (False, True)
    ]
    assert np.array_equal(found[0].n_tokens, found[1].n_tokens)
    np.testing.assert_allclose(found[0].token_nll, found[1].token_nll, rtol=1e-5)
    assert not np.allclose(found[0].vectors, found[1].vectors)


# --- as others call it ---


class HoldingMask:
    chosen = None

    def check_fits(self, shape) -> None:
        assert shape.family == "llama"

    def edits(self, *, intervention, strength, blocks) -> list[NeuronEdit]:
        assert (intervention, blocks) == (None, None)
        return hold(3.0 * strength)


def test_an_encoder_holds_its_mask(loaded) -> None:
    encoder = SteeredEncoder(loaded, mask=HoldingMask(), layer=2, pool="max", strength=0.5)
    with apply_edits(loaded.model, hold(1.5)):
        expected = encode_texts(loaded, TEXTS, layers=[2], pool="max").vectors[0]
    vectors = encoder.encode(TEXTS, batch_size=2, show_progress_bar=False)
    assert np.array_equal(vectors, expected)
    assert np.array_equal(encoder.encode([{"text": TEXTS[:2]}, {"text": TEXTS[2:]}]), expected)
    np.testing.assert_allclose(encoder.encode(TEXTS[2]), expected[2], atol=1e-6)
    normed = encoder.encode(TEXTS, normalize_embeddings=True, convert_to_tensor=True)
    torch.testing.assert_close(normed, torch.nn.functional.normalize(torch.from_numpy(expected), dim=1))
    plain = SteeredEncoder(loaded, layer=2, pool="max").encode(TEXTS)
    assert not np.allclose(plain, expected)


def test_an_encoder_of_a_layer_that_is_not_there_is_refused(loaded) -> None:
    with pytest.raises(ModelError, match="no layer 3; it has 0 to 2 and final"):
        SteeredEncoder(loaded, layer=3)
