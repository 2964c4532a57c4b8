"""`steer encode` as a user runs it."""

from pathlib import Path

import numpy as np
import pytest

from polysteer import ExpertMask, SteeredEncoder, load_model
from polysteer.embeddings import files
from polysteer.masks import LanguageSubspace

BASE = ("encode", "model", "--in", "texts.txt", "--dtype", "float32")

pytestmark = pytest.mark.usefixtures("tiny")


def test_vectors_are_those_of_the_encoder(steer) -> None:
    texts = Path("texts.txt").read_text().splitlines()
    loaded, mask = load_model("model", dtype="float32"), ExpertMask.load("ja.safetensors")
    outcome = steer(*BASE, "--mask", "ja.safetensors", "--out", "steered.npy")
    assert outcome == (0, "", "steered.npy: 10 vectors\n")
    np.testing.assert_array_equal(np.load("steered.npy"), SteeredEncoder(loaded, mask=mask).encode(texts))
    steer(*BASE, "--out", "plain.npy", "--layer", "1", "--pool", "max", "--normalize")
    expected = SteeredEncoder(loaded, layer=1, pool="max").encode(texts, normalize_embeddings=True)
    np.testing.assert_array_equal(np.load("plain.npy"), expected)


def test_a_language_subspace_is_erased(steer) -> None:
    steer(*BASE, "--layer", "2", "--out", "plain.npy")
    steer(*BASE, "--layer", "2", "--mask", "erase.safetensors", "--out", "erased.npy")
    subspace = LanguageSubspace.load("erase.safetensors")
    expected = subspace.erase(np.load("plain.npy"), layer="2")
    np.testing.assert_allclose(np.load("erased.npy"), expected, atol=1e-4)
    assert np.abs(expected - np.load("plain.npy")).max() > 0.01


def test_a_stopped_run_goes_on(steer, monkeypatch: pytest.MonkeyPatch) -> None:
    words = (*BASE, "--mask", "ja.safetensors", "--out", "v.safetensors")
    monkeypatch.setattr(
        files.encode_file, "__kwdefaults__", {**files.encode_file.__kwdefaults__, "chunk_texts": 4}
    )
    steer(*words)
    whole = Path("v.safetensors").read_bytes()
    Path("v.safetensors").unlink()
    encode, asked = SteeredEncoder.encode, []

    def stop_after(n_calls: int):
        def stopping(self, texts, **options):
            if len(asked) == n_calls:
                raise KeyboardInterrupt
            asked.append(texts)
            return encode(self, texts, **options)

        return stopping

    monkeypatch.setattr(SteeredEncoder, "encode", stop_after(2))
    outcome = steer(*words)
    assert outcome.exit_code == 130
    assert "finished work is kept" in outcome.stderr
    assert not Path("v.safetensors").exists()
    monkeypatch.setattr(SteeredEncoder, "encode", stop_after(100))
    steer(*words)
    assert [len(texts) for texts in asked] == [4, 4, 2]
    assert Path("v.safetensors").read_bytes() == whole
    assert not Path("v.safetensors.partial").exists()


def test_what_cannot_be_encoded(steer, refuse) -> None:
    assert "v.csv is no name for vectors" in refuse(*BASE, "--out", "v.csv")
    assert "no layer 7; it has 0 to 2 and final" in refuse(*BASE, "--out", "v.npy", "--layer", "7")
    assert steer(*BASE, "--out", "v.npy", "--layer", "last").exit_code == 2
    Path("texts.txt").write_text("w1\n\nw2\n")
    assert "texts.txt:2: the line has no text" in refuse(*BASE, "--out", "v.npy")
    Path("texts.txt").unlink()
    assert "texts.txt cannot be read" in refuse(*BASE, "--out", "v.npy")
