"""What a chosen mask or subspace says of itself is enough to make the measured vectors again."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from polysteer import SteeredEncoder, intervene, load_model
from polysteer.config import load_experiments
from polysteer.corpus.corpus_table import Corpus
from polysteer.layout import Layout
from polysteer.masks.files import load_mask
from polysteer.models.layers import capture_layers
from polysteer.stages import collect, corpus, embed, rank
from polysteer.stages.run import Run
from polysteer.trials.encoded import StoredVectors

EXPERIMENTS = """\
schema: 1
experiments:
  odd:
    model: {{id: {model}, dtype: float32}}
    corpus: {{source: builtin, languages: [en, de, ja], find: 20, dev: 6, test: 8}}
    targets: [ja]
    collect: {{}}
    rank: {{k: 0.3}}
    steer: {{intervention: [set, erase], strength: 0.5, where: last}}
    embed: {{layer: 3, specials: true}}
    evaluate: {{controls: 0, extra_draws: 0, choose: {{cost_at_most: 50}}}}
"""


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory, model_folder: Path) -> Run:
    """An experiment with settings that are not the usual ones."""
    folder = tmp_path_factory.mktemp("odd")
    (folder / "experiments.yaml").write_text(EXPERIMENTS.format(model=model_folder))
    settings = load_experiments(folder / "experiments.yaml").experiments["odd"]
    run = Run("odd", settings, Layout(folder / "artifacts").experiment("odd"))
    for stage in (corpus, collect, rank, embed):
        stage.perform(run)
    return run


def read_measured(run: Run, name: str) -> np.ndarray:
    """The vectors that the report's numbers are of."""
    label = json.loads(run.layout.choice(name).read_text())["same_layer"]["label"]
    return StoredVectors(run.layout.encoded(f"{name}/{label}", "test", "ja")).at_layer("3")


@pytest.mark.parametrize("name", ["ja", "erase"])
def test_encode_makes_the_vectors_that_were_measured(odd: Run, steer, tmp_path: Path, name: str) -> None:
    mask, texts = odd.layout.chosen_mask(name), Corpus.read(odd.layout.corpus).texts("ja", "test")
    (tmp_path / "texts.txt").write_text("\n".join(texts))
    words = (
        "encode",
        odd.settings.model.id,
        "--in",
        "texts.txt",
        "--out",
        "v.safetensors",
        "--mask",
        str(mask),
    )
    said = steer(*words).stderr.splitlines()
    assert said[0] == "strength 0.5, where last, layer 3, pool mean, specials True, dtype float32: as chosen"
    with safe_open(tmp_path / "v.safetensors", "np") as file:
        vectors, about = file.get_tensor("vectors"), file.metadata()
    measured = read_measured(odd, name)
    np.testing.assert_allclose(vectors, measured, rtol=1e-3, atol=1e-3)
    plain = StoredVectors(odd.layout.encoded("baseline", "test", "ja")).at_layer("3")
    assert np.abs(measured - plain).max() > 0.05
    expected = {"strength": "0.5", "where": "last", "layer": "3", "pool": "mean", "specials": "true"}
    assert about.items() >= (expected | {"intervention": "set" if name == "ja" else "erase"}).items()
    said = steer(*words, "--strength", "1", "--layer", "final", "--no-specials").stderr.splitlines()
    assert said[0] == "where last, pool mean, dtype float32: as chosen"


@pytest.mark.parametrize("name", ["ja", "erase"])
def test_python_takes_the_same_settings(odd: Run, name: str) -> None:
    mask, texts = load_mask(odd.layout.chosen_mask(name)), Corpus.read(odd.layout.corpus).texts("ja", "test")
    measured = read_measured(odd, name)
    encoder = SteeredEncoder(odd.settings.model.id, mask=mask)
    np.testing.assert_allclose(encoder.encode(texts), measured, rtol=1e-3, atol=1e-3)
    other = SteeredEncoder(odd.settings.model.id, mask=mask, where="real")
    assert np.abs(other.encode(texts) - measured).max() > 0.05
    model, tokenizer = load_model(odd.settings.model.id, dtype="float32")
    seen = []
    with (
        torch.inference_mode(),
        intervene(model, mask),
        capture_layers(model, [3], lambda _layer, hidden: seen.append(hidden[0].mean(0).numpy())) as capture,
    ):
        for text in texts:
            capture.run(tokenizer(text, return_tensors="pt").input_ids)
    np.testing.assert_allclose(np.array(seen), measured, rtol=1e-3, atol=1e-3)


def test_masks_of_the_sweep_were_not_chosen_and_show_says_what_was(odd: Run, steer) -> None:
    (swept,) = (odd.layout.masks / "ja").iterdir()
    assert load_mask(swept).chosen is None
    shown = steer("masks", "show", str(odd.layout.chosen_mask("ja"))).stdout
    assert "strength 0.5, where last, layer 3" in shown
    facts = json.loads(steer("masks", "show", str(odd.layout.chosen_mask("erase")), "--json").stdout)
    assert facts["metadata"]["chosen"]["strength"] == 0.5
