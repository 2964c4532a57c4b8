"""Vectors in files: the same as from memory, whole or absent, and the same bytes however often stopped."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from safetensors import safe_open

from polysteer.embeddings.files import encode_file
from polysteer.embeddings.textfile import TextFile
from polysteer.errors import ArtifactError, ConfigError, CorpusError

TEXTS = [f"text number {i} " + "x" * (i % 7) for i in range(25)]
MADE_WITH = {"model": "tiny@1", "layer": "final"}


class CountingEncoder:
    """Vectors that depend on the text alone, and a record of what was asked; stops after `n_calls`."""

    def __init__(self, n_calls: int = 1000) -> None:
        self.asked: list[list[str]] = []
        self._n_calls = n_calls

    def encode(self, texts: list[str], *, normalize_embeddings: bool, **_more: object) -> np.ndarray:
        if len(self.asked) == self._n_calls:
            raise KeyboardInterrupt
        self.asked.append(texts)
        rows = [np.random.default_rng(list(text.encode())).standard_normal(6) for text in texts]
        vectors = np.array(rows, dtype=np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True) if normalize_embeddings else vectors


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "texts.txt"
    path.write_text("".join(f" {text}\r\n" for text in TEXTS), encoding="utf-8-sig")
    return path


def read(path: Path, **options: bool) -> TextFile:
    return TextFile(path, str(path), **options)


def read_vectors(path: Path) -> np.ndarray:
    if path.suffix == ".npy":
        return np.load(path)
    if path.suffix == ".parquet":
        return np.array(pq.read_table(path)["vector"].to_pylist(), dtype=np.float32)
    with safe_open(path, "np") as file:
        return file.get_tensor("vectors")


def write(encoder, source: Path, target: Path, *, made_with=MADE_WITH, **options) -> bytes:
    assert encode_file(encoder, read(source), target, made_with=made_with, chunk_texts=4, **options) == len(
        TEXTS
    )
    assert sorted(path.name for path in target.parent.iterdir()) == sorted([source.name, target.name])
    return target.read_bytes()


@pytest.mark.parametrize("suffix", [".npy", ".safetensors", ".parquet"])
@pytest.mark.parametrize("normalize", [False, True])
def test_a_file_holds_a_vector_per_line(source: Path, suffix: str, normalize: bool) -> None:
    target, progress = source.with_name(f"v{suffix}"), []
    write(
        CountingEncoder(), source, target, normalize=normalize, progress=lambda *state: progress.append(state)
    )
    stripped = [text.strip() for text in TEXTS]
    expected = CountingEncoder().encode(stripped, normalize_embeddings=normalize)
    assert np.array_equal(read_vectors(target), expected)
    assert progress == [("texts", min(done, 25), 25) for done in range(4, 29, 4)]
    if suffix == ".parquet":
        table = pq.read_table(target)
        assert table["text"].to_pylist() == stripped
        assert table.schema.metadata[b"model"] == b"tiny@1"
    if suffix == ".safetensors":
        with safe_open(target, "np") as file:
            assert dict(file.metadata()).items() > MADE_WITH.items()


@pytest.mark.parametrize("suffix", [".npy", ".safetensors", ".parquet"])
@pytest.mark.parametrize("n_calls", [0, 1, 3, 6])
def test_a_stopped_run_goes_on_and_ends_in_the_same_bytes(source: Path, suffix: str, n_calls: int) -> None:
    target = source.with_name(f"v{suffix}")
    whole = write(CountingEncoder(), source, target)
    target.unlink()
    with pytest.raises(KeyboardInterrupt):
        write(CountingEncoder(n_calls), source, target)
    assert not target.exists()
    second = CountingEncoder()
    assert write(second, source, target) == whole
    assert len(second.asked) == 7 - n_calls


def test_only_what_was_made_in_the_same_way_is_kept(source: Path) -> None:
    target = source.with_name("v.npy")

    def resume(made_with: dict[str, str], texts: list[str]) -> int:
        """How many chunks are asked for after five were made of TEXTS."""
        source.write_text("\n".join(TEXTS))
        with pytest.raises(KeyboardInterrupt):
            encode_file(CountingEncoder(5), read(source), target, made_with=MADE_WITH, chunk_texts=4)
        source.write_text("\n".join(texts))
        encoder = CountingEncoder()
        encode_file(encoder, read(source), target, made_with=made_with, chunk_texts=4)
        stripped = [text.strip() for text in texts]
        expected = CountingEncoder().encode(stripped, normalize_embeddings=False)
        assert np.array_equal(np.load(target), expected)
        return len(encoder.asked)

    assert resume(MADE_WITH, TEXTS) == 2
    assert resume({**MADE_WITH, "layer": "1"}, TEXTS) == 7
    assert resume(MADE_WITH, [*TEXTS[:5], "another", *TEXTS[6:]]) == 3
    assert resume(MADE_WITH, TEXTS[:12]) == 3  # another number of rows: another file


def test_a_damaged_record_of_unfinished_work_is_not_believed(source: Path) -> None:
    target = source.with_name("v.npy")
    whole = write(CountingEncoder(), source, target)
    for name, content in (("chunks.json", "{"), ("chunks.json", "[]"), ("rows.npy", None)):
        with pytest.raises(KeyboardInterrupt):
            write(CountingEncoder(3), source, target)
        damaged = target.with_name("v.npy.partial") / name
        damaged.write_text(content) if content else damaged.unlink()
        encoder = CountingEncoder()
        assert write(encoder, source, target) == whole
        assert len(encoder.asked) == 7


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"texts\.txt is empty; it needs one text per line"),
        (b"one\n\ntwo\n", r"texts\.txt:2: the line has no text"),
        (b"one\ntwo\n \t\n", r"texts\.txt:3: the line has no text"),
        (b"one\ntw\xff\n", r"texts\.txt:2: not UTF-8"),
    ],
)
def test_a_line_without_a_vector_is_named_before_anything_is_written(
    source: Path, content: bytes, message: str
) -> None:
    source.write_bytes(content)
    encoder = CountingEncoder()
    with pytest.raises(CorpusError, match=message):
        encode_file(encoder, read(source), source.with_name("v.npy"), made_with={})
    assert not encoder.asked
    assert [path.name for path in source.parent.iterdir()] == ["texts.txt"]


def test_names_that_lead_nowhere_are_refused(source: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"v\.csv is no name for vectors; end it in one of \.safetensors, \.npy"
    ):
        encode_file(CountingEncoder(), read(source), source.with_name("v.csv"), made_with={})
    with pytest.raises(CorpusError, match=r"no\.txt cannot be read: No such file"):
        encode_file(
            CountingEncoder(), read(source.with_name("no.txt")), source.with_name("v.npy"), made_with={}
        )
    with pytest.raises(ArtifactError, match=r"cannot write .*: .*texts\.txt is no folder"):
        encode_file(CountingEncoder(), read(source), source / "v.npy", made_with={})


def test_chunks_are_read_one_at_a_time(source: Path) -> None:
    assert read(source).count() == 25
    chunks = read(source).read_chunks(10)
    assert next(chunks) == [text.strip() for text in TEXTS[:10]]
    assert [len(chunk) for chunk in chunks] == [10, 5]


def test_similarities_are_cosines() -> None:
    from polysteer.embeddings.encoder import SteeredEncoder

    encoder = object.__new__(SteeredEncoder)  # they need no model
    first, second = torch.randn(3, 5), torch.randn(4, 5)
    cosines = torch.nn.functional.cosine_similarity(first[:, None], second[None], dim=-1)
    torch.testing.assert_close(encoder.similarity(first.numpy(), second), cosines)
    torch.testing.assert_close(encoder.similarity_pairwise(first, second[:3].numpy()), cosines[:, :3].diag())
    torch.testing.assert_close(encoder.similarity(first[0], second), cosines[:1])
