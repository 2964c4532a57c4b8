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


@pytest.mark.parametrize("way", ["itself", "./", "symlink", "hard link", "absolute"])
def test_what_is_read_is_never_written_over(refuse, tiny: Path, way: str) -> None:
    Path("t.npy").write_text("w1 w2\n")
    target = {"itself": "t.npy", "./": "model/../t.npy", "absolute": tiny / "t.npy"}.get(way, "other.npy")
    if way == "symlink":
        Path("other.npy").symlink_to("t.npy")
    if way == "hard link":
        Path("other.npy").hardlink_to("t.npy")
    assert "which is read" in refuse("encode", "model", "--in", "t.npy", "--out", target)
    assert "which is read" in refuse("encode", "model", "--in", target, "--out", "t.npy")
    assert Path("t.npy").read_text() == "w1 w2\n"


def test_neither_the_mask_nor_the_model_is_written_over(refuse) -> None:
    mask, weights = Path("ja.safetensors").read_bytes(), Path("model/model.safetensors").read_bytes()
    assert "which is read" in refuse(*BASE, "--mask", "ja.safetensors", "--out", "ja.safetensors")
    assert "which is read" in refuse(*BASE, "--out", "model/model.safetensors")
    assert (Path("ja.safetensors").read_bytes(), Path("model/model.safetensors").read_bytes()) == (
        mask,
        weights,
    )


def test_rows_stay_in_step_with_lines(steer) -> None:
    lines = ["w1 w2", "", "w3", " \t", "w4 w5"]
    Path("texts.txt").write_text("\n".join(lines))
    outcome = steer(*BASE, "--out", "v.npy", "--allow-blank", "--normalize")
    assert "steer: 2 of 5 lines have no text, and zeros for a vector\n" in outcome.stderr
    vectors = np.load("v.npy")
    assert vectors.any(axis=1).tolist() == [bool(line.strip()) for line in lines]
    encoder = SteeredEncoder(load_model("model", dtype="float32"))
    expected = encoder.encode([lines[0], lines[2], lines[4]], normalize_embeddings=True)
    np.testing.assert_allclose(vectors[[0, 2, 4]], expected, atol=1e-6)


def test_texts_can_come_on_stdin(steer, refuse) -> None:
    words = ("encode", "model", "--in", "-", "--dtype", "float32", "--out")
    steer(*BASE, "--out", "file.npy")
    assert steer(*words, "v.npy", stdin=Path("texts.txt").read_text()).exit_code == 0
    assert Path("v.npy").read_bytes() == Path("file.npy").read_bytes()
    assert "standard input is empty" in refuse(*words, "w.npy")
    assert "standard input:2: not UTF-8" in refuse(*words, "w.npy", stdin=b"w1\nw\xff\n")


def test_a_value_that_no_model_carries_is_refused(refuse) -> None:
    mask = ExpertMask.load("ja.safetensors")
    for value, limit in ((3e38, "1e+12"), (-1e13, "1e+12")):
        mask.value[3] = value
        mask.save("huge.safetensors")
        said = refuse(*BASE, "--mask", "huge.safetensors", "--out", "v.npy")
        assert f"mlp.hidden block 1 unit 3 is taken to 0 x + {value:g}" in said
        assert f"float32 carries no number above {limit}" in said
    mask.value[3] = 7e4
    mask.save("huge.safetensors")
    words = ("encode", "model", "--in", "texts.txt", "--out", "v.npy", "--mask", "huge.safetensors")
    assert "float16 carries no number above 65504" in refuse(*words, "--dtype", "float16")


def test_a_vector_of_zeros_is_no_vector(refuse) -> None:
    model, tokenizer = load_model("model", dtype="float32")
    model.model.norm.weight.data[:] = 0
    model.save_pretrained("zero")
    tokenizer.save_pretrained("zero")
    said = refuse(
        "encode", "zero", "--in", "texts.txt", "--dtype", "float32", "--out", "v.npy", "--normalize"
    )
    assert "texts.txt, texts counted from line 1: the vector of text 0 ('w10 w11') is zero" in said


def test_what_no_option_can_be(steer, refuse) -> None:
    assert "'--token-budget'" in steer(*BASE, "--out", "v.npy", "--token-budget", "1" + "0" * 400).stderr
    assert steer(*BASE, "--out", "v.npy", "--layer", "9" * 5000).exit_code == 2
    for strength in ("inf", "nan", "-1"):
        said = refuse(*BASE, "--out", "v.npy", "--mask", "ja.safetensors", "--strength", strength)
        assert "give a number from 0 (no change) to 1" in said


def test_places_that_cannot_be_written_are_refused_before_anything_is_read(refuse) -> None:
    Path("folder.npy").mkdir()
    assert ". is no name for vectors" in refuse(*BASE, "--out", ".")
    assert "folder.npy is a folder" in refuse(*BASE, "--out", "folder.npy")
    assert "texts.txt is no folder" in refuse(*BASE, "--out", "texts.txt/v.npy")
    assert "/proc takes no files" in refuse(*BASE, "--out", "/proc/v.npy")
    assert "File name too long" in refuse(*BASE, "--out", "v" * 300 + ".npy")


def test_what_cannot_be_encoded(steer, refuse) -> None:
    assert "v.csv is no name for vectors" in refuse(*BASE, "--out", "v.csv")
    assert "no layer 7; it has 0 to 2 and final" in refuse(*BASE, "--out", "v.npy", "--layer", "7")
    assert steer(*BASE, "--out", "v.npy", "--layer", "last").exit_code == 2
    Path("texts.txt").write_text("w1\n\nw2\n")
    assert "texts.txt:2: the line has no text" in refuse(*BASE, "--out", "v.npy")
    Path("texts.txt").unlink()
    assert "texts.txt cannot be read" in refuse(*BASE, "--out", "v.npy")
