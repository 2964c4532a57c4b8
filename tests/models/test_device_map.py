"""A model that accelerate has split: part of it on disk, fetched block by block, as on too small a GPU."""

from pathlib import Path

import numpy as np
import pytest
import torch
import transformers as hf

from polysteer.masks.edits import NeuronEdit
from polysteer.models.intervene import apply_edits
from polysteer.models.layers import capture_layers
from polysteer.models.loading import load_model
from polysteer.models.record import record
from polysteer.models.sites import describe_shape, find_sites
from support.tiny_models import make_tokenizer

EDITS = [
    NeuronEdit(site, block, np.arange(5), np.full(5, 0.5, np.float32), np.full(5, 2.0, np.float32))
    for site in ("mlp.hidden", "attn.qkv", "block.out")
    for block in (0, 1)
]
SPLITS = {
    "one block on disk": {
        "model.embed_tokens": "cpu",
        "model.layers.0": "disk",
        "model.layers.1": "cpu",
        "model.norm": "cpu",
        "model.rotary_emb": "cpu",
        "lm_head": "cpu",
    },
    "all but the embeddings on disk": {
        "model.embed_tokens": "cpu",
        "model.layers": "disk",
        "model.norm": "disk",
        "model.rotary_emb": "cpu",
        "lm_head": "disk",
    },
}


@pytest.fixture(params=SPLITS)
def split(request: pytest.FixtureRequest, llama: hf.PreTrainedModel, tmp_path: Path) -> hf.PreTrainedModel:
    llama.save_pretrained(tmp_path / "model")
    model = hf.AutoModelForCausalLM.from_pretrained(
        tmp_path / "model", device_map=SPLITS[request.param], offload_folder=tmp_path / "offload"
    ).eval()
    assert model.model.layers[0].mlp.down_proj.weight.device.type == "meta"  # it is on disk
    return model


def read_layers(model: hf.PreTrainedModel, ids: torch.Tensor) -> list[torch.Tensor]:
    seen: list[torch.Tensor] = []
    layers = [0, 1, 2, "final"]
    with (
        torch.inference_mode(),
        capture_layers(model, layers, lambda _, h: seen.append(h.clone())) as capture,
    ):
        capture.run(ids)
    return seen


def test_its_shape_is_the_same(split: hf.PreTrainedModel, llama: hf.PreTrainedModel) -> None:
    assert describe_shape(split).fingerprint == describe_shape(llama).fingerprint


def test_neurons_are_held_in_every_part(
    split: hf.PreTrainedModel, llama: hf.PreTrainedModel, ids: torch.Tensor
) -> None:
    plain = read_layers(llama, ids)
    for before, after in zip(plain, read_layers(split, ids), strict=True):
        assert torch.equal(before, after)
    with apply_edits(split, EDITS), apply_edits(llama, EDITS):
        held, expected = read_layers(split, ids), read_layers(llama, ids)
        for before, after in zip(expected, held, strict=True):
            assert torch.equal(before, after)
        assert not torch.allclose(held[-1], plain[-1])
        written = split.generate(ids, max_new_tokens=4, do_sample=False, pad_token_id=0)
        assert torch.equal(written, llama.generate(ids, max_new_tokens=4, do_sample=False, pad_token_id=0))
    for before, after in zip(plain, read_layers(split, ids), strict=True):
        assert torch.equal(before, after)


def test_neurons_are_recorded_in_every_part(
    split: hf.PreTrainedModel, llama: hf.PreTrainedModel, ids: torch.Tensor
) -> None:
    recorded = []
    for model in (split, llama):
        values: dict[tuple[str, int, int], torch.Tensor] = {}

        def keep(site, block, first, value, values=values) -> None:
            values[site, block, first] = value.clone()

        with torch.inference_mode(), record(model, find_sites(model, ["mlp.hidden", "attn.qkv"]), keep) as r:
            r.run(ids)
        recorded.append(values)
    assert recorded[0].keys() == recorded[1].keys()
    assert len(recorded[0]) == 8
    assert all(torch.equal(recorded[0][place], recorded[1][place]) for place in recorded[0])


def test_auto_is_understood(llama: hf.PreTrainedModel, tmp_path: Path, ids: torch.Tensor) -> None:
    llama.save_pretrained(tmp_path)
    make_tokenizer(["a"], unknown="a", pad_token="a").save_pretrained(tmp_path)
    model, _ = load_model(str(tmp_path), device_map="auto", dtype="float32")
    with torch.no_grad():
        assert torch.equal(model(ids).logits, llama(ids).logits)
