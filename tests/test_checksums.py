"""Every byte of every kind of file counts: whichever is flipped, the file is refused."""

import hashlib
import itertools
import json
import os

import numpy as np
import pytest

from polysteer.currency import is_current
from polysteer.errors import ArtifactError, DamageError, MaskError
from polysteer.jsonfile import read_json, write_json
from polysteer.masks import ExpertMask, MaskMetadata
from polysteer.store.files import check_content, write_metrics
from polysteer.store.rows import MetricRow
from polysteer.tensorfile import open_artifact, open_tensors, write_tensors

TICKS = itertools.count()


def put(path, content):
    """As a new file of its own time: these follow each other faster than the clock of a file system ticks."""
    neighbour = path.with_name("neighbour")
    neighbour.write_bytes(content)
    os.utime(neighbour, ns=(0, next(TICKS)))
    os.replace(neighbour, path)


def every_flip(path):
    """The file with one bit of each byte in turn turned over."""
    whole = path.read_bytes()
    for place in range(len(whole)):
        put(path, whole[:place] + bytes([whole[place] ^ (1 << place % 8)]) + whole[place + 1 :])
        yield place
    put(path, whole)


@pytest.fixture
def tensors(tmp_path):
    path = tmp_path / "vectors.safetensors"
    numbers = np.arange(12, dtype=np.float16).reshape(3, 4)
    write_tensors(path, {"vectors": numbers, "none": np.empty((0, 2), np.int32)}, {"fingerprint": "a1"})
    return path


def test_the_checksum_is_that_of_the_file_with_zeros_in_its_place(tensors, tmp_path):
    write_json(tmp_path / "facts.json", {"text": "tschüß"})
    recorded = json.loads((tmp_path / "facts.json").read_text())["sha256"]
    for path, digits in ((tensors, None), (tmp_path / "facts.json", recorded)):
        content = path.read_bytes()
        digits = digits or content[content.index(b'"sha256":"') + 10 :][:64].decode()
        assert hashlib.sha256(content.replace(digits.encode(), b"0" * 64)).hexdigest() == digits


def test_no_flipped_byte_of_tensors_passes(tensors):
    assert open_artifact(tensors, remedy="again").metadata == {"fingerprint": "a1"}
    for _ in every_flip(tensors):
        with pytest.raises(ArtifactError, match=r"vectors\.safetensors .*; again"):
            open_artifact(tensors, remedy="again")
        assert not is_current(tensors, "a1")
    assert is_current(tensors, "a1")


def test_damage_is_told_once(tensors, notices):
    content = tensors.read_bytes()
    put(tensors, content[:-1] + b"\x01")
    for _ in range(2):
        assert not is_current(tensors, "a1")
    (told,) = notices
    assert told.startswith(f"{tensors} is damaged: its checksum is ")
    assert told.endswith("is recorded; it is made anew")


def test_no_flipped_byte_of_json_passes(tmp_path):
    path = tmp_path / "choice.json"
    write_json(path, {"layer": "12", "score": 0.5})
    assert read_json(path, remedy="again") == {"layer": "12", "score": 0.5}
    for _ in every_flip(path):
        with pytest.raises(ArtifactError, match=r"choice\.json .*; again"):
            read_json(path, remedy="again")


def test_no_flipped_byte_of_metrics_passes(tmp_path):
    path = tmp_path / "metrics.parquet"
    write_metrics(path, [MetricRow(experiment="x", model="m", fingerprint="f", metric="top1", value=0.5)])
    check_content(path.read_bytes(), path)
    for _ in every_flip(path):
        with pytest.raises(ArtifactError, match="run `steer evaluate`"):
            check_content(path.read_bytes(), path)


def test_no_flipped_byte_of_a_mask_passes(tmp_path):
    path = tmp_path / "ja.safetensors"
    metadata = MaskMetadata(language="ja", sites=["mlp.hidden"], experts="own", intervention="ablate")
    ExpertMask(metadata, np.zeros(2, np.uint8), np.ones(2, np.int32), np.arange(2, dtype=np.int32)).save(path)
    for _ in every_flip(path):
        with pytest.raises(MaskError, match=r"ja\.safetensors"):
            ExpertMask.load(path)
    assert len(ExpertMask.load(path)) == 2


def test_a_file_of_others_has_no_checksum_and_is_no_artifact(tmp_path):
    from safetensors.numpy import save_file

    path = tmp_path / "theirs.safetensors"
    save_file({"x": np.arange(3, dtype=np.int32)}, path)
    assert not open_tensors(path).is_sealed
    with pytest.raises(ArtifactError, match="has no checksum"):
        open_artifact(path, remedy="again")


def test_a_folder_in_the_place_of_a_file_is_damage(tmp_path):
    (tmp_path / "folder").mkdir()
    for read in (
        lambda path: open_artifact(path, remedy="again"),
        lambda path: read_json(path, remedy="again"),
    ):
        with pytest.raises(DamageError, match="folder cannot be read: Is a directory; again"):
            read(tmp_path / "folder")
