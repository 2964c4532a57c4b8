import numpy as np
import pytest
import torch

from polysteer.errors import MaskError
from polysteer.masks import SubspaceMetadata
from polysteer.masks.erasure import fit_subspace
from polysteer.models.intervene import intervene
from polysteer.models.layers import capture_layers
from support.tiny_models import make_model

N_BLOCKS, WIDTH = 4, 16
LAYERS = [str(layer) for layer in range(N_BLOCKS + 1)]


@pytest.fixture(scope="module")
def model():
    return make_model("Llama", width=WIDTH, blocks=N_BLOCKS)


@pytest.fixture(scope="module")
def ids_by_language():
    """Sentences of 7 tokens, each language with words of its own."""
    generator = torch.Generator().manual_seed(0)
    return {
        language: torch.randint(first, first + 18, (80, 7), generator=generator)
        for language, first in (("en", 3), ("ja", 21), ("fr", 39))
    }


def read(model, ids):
    """The states of every layer, [sentence, token, width]."""
    layers = [*range(N_BLOCKS + 1), "final"]
    kept = {}
    with (
        torch.inference_mode(),
        capture_layers(
            model, layers, lambda layer, hidden: kept.update({str(layer): hidden.clone()})
        ) as capture,
    ):
        capture.run(ids)
    return {layer: hidden.numpy() for layer, hidden in kept.items()}


@pytest.fixture(scope="module", params=["mean_difference", "leace"])
def subspace(request, model, ids_by_language):
    plain = {language: read(model, ids) for language, ids in ids_by_language.items()}
    vectors = {
        layer: {name: states[layer].mean(axis=1) for name, states in plain.items()} for layer in LAYERS
    }
    metadata = SubspaceMetadata(
        method=request.param,
        languages=list(ids_by_language),
        layers=LAYERS,
        width=WIDTH,
        model_family="llama",
        n_blocks=N_BLOCKS,
    )
    return fit_subspace(vectors, metadata)


def test_in_the_last_block_it_does_to_states_what_it_does_to_embeddings(model, ids_by_language, subspace):
    plain = read(model, ids_by_language["ja"])
    with intervene(model, subspace, strength=0.7, blocks=[N_BLOCKS - 1], where="all"):
        erased = read(model, ids_by_language["ja"])
    for layer in LAYERS[:-1]:
        assert (erased[layer] == plain[layer]).all()
    expected = subspace.erase(plain[LAYERS[-1]].mean(axis=1), layer=LAYERS[-1], strength=0.7)
    np.testing.assert_allclose(erased[LAYERS[-1]].mean(axis=1), expected, atol=1e-5)


def test_from_a_block_on_every_block_s_output_is_erased(model, ids_by_language, subspace):
    def hook(row):
        def change(_module, _args, output):
            hidden = output[0] if isinstance(output, tuple) else output
            x = hidden.numpy()
            changed = torch.from_numpy(
                x - ((x - subspace.mean[row]) @ subspace.left[row]) @ subspace.right[row]
            )
            return (changed, *output[1:]) if isinstance(output, tuple) else changed

        return change

    handles = [
        block.register_forward_hook(hook(number + 1))
        for number, block in enumerate(model.model.layers)
        if number >= 1
    ]
    by_hand = read(model, ids_by_language["fr"])["final"]
    for handle in handles:
        handle.remove()
    with intervene(model, subspace, blocks=range(1, N_BLOCKS), where="all"):
        found = read(model, ids_by_language["fr"])
    np.testing.assert_allclose(found["final"], by_hand, atol=1e-4)
    assert np.abs(found["final"] - read(model, ids_by_language["fr"])["final"]).max() > 0.01


def test_another_model_is_refused(subspace):
    with (
        pytest.raises(MaskError, match="width is 16 in the file and 8"),
        intervene(make_model("Llama", width=8, blocks=N_BLOCKS), subspace),
    ):
        pass
