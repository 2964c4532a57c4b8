"""Vectors and losses against the Hugging Face model run by hand, one text at a time."""

import numpy as np
import pytest
import torch
import transformers as hf
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from polysteer.embeddings.encode import encode_batches, encode_texts, prepare_texts
from polysteer.embeddings.encoder import SteeredEncoder
from polysteer.errors import ModelError, NumericError
from polysteer.masks.edits import NeuronEdit
from polysteer.models.intervene import apply_edits
from polysteer.models.loading import LoadedModel
from polysteer.models.tokens import remember_special_ids

VOCAB = 60
LAYERS = [0, 1, 2, "final"]
TEXTS = ["w10 w11 w12", "w13", "w20 w21 w22 w23 w24", "w30 w31 w32", "w40 w41 w42 w43", "w13 w14"]


def make_tokenizer() -> hf.PreTrainedTokenizerFast:
    words = {"<s>": 0, "</s>": 1, **{f"w{i}": i for i in range(2, VOCAB)}}
    inner = Tokenizer(models.WordLevel(words, unk_token="w2"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    inner.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    return hf.PreTrainedTokenizerFast(tokenizer_object=inner, bos_token="<s>", eos_token="</s>")


@pytest.fixture
def loaded() -> LoadedModel:
    torch.manual_seed(0)
    config = hf.LlamaConfig(
        vocab_size=VOCAB,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        bos_token_id=0,
        eos_token_id=1,
    )
    model, tokenizer = hf.LlamaForCausalLM(config).eval(), make_tokenizer()
    remember_special_ids(model, tokenizer)
    return LoadedModel(model, tokenizer)


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


SHORT = {"vocab_size": VOCAB, "num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": 8}


@pytest.mark.parametrize(
    ("name", "config", "n_read"),
    [
        ("GPT2", {"vocab_size": VOCAB, "n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 8}, 8),
        ("Bert", {**SHORT, "hidden_size": 16, "intermediate_size": 24}, 8),
        ("XLMRoberta", {**SHORT, "hidden_size": 16, "intermediate_size": 24}, 6),
        ("Llama", {**SHORT, "hidden_size": 16, "intermediate_size": 24}, 8),
        ("Bloom", {"vocab_size": VOCAB, "hidden_size": 16, "n_layer": 1, "n_head": 2}, 12),
    ],
)
def test_a_text_is_read_as_far_as_the_model_goes(name, config, n_read: int, notices: list[str]) -> None:
    torch.manual_seed(0)
    model = getattr(hf, f"{name}Model")(getattr(hf, f"{name}Config")(**config)).eval()
    texts = ["w13 w14", " ".join(f"w{i}" for i in range(20, 31))]  # BOS is the twelfth token
    vectors = SteeredEncoder((model, make_tokenizer())).encode(texts)
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
    with apply_edits(loaded.model, hold(np.inf)), pytest.raises(NumericError, match="of text 0 at layer 1"):
        encode_texts(loaded, ["w5", "w6"], layers=LAYERS)


# --- as others call it ---


class HoldingMask:
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
