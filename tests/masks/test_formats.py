"""docs/formats.md is enough to read and write masks without Polysteer."""

import re
from pathlib import Path

import pytest

from polysteer.masks import ExpertMask, MaskMetadata, SubspaceMetadata
from polysteer.masks.mask import _DTYPES
from polysteer.terms import INTERVENTIONS

TEXT = (Path(__file__).parents[2] / "docs" / "formats.md").read_text()
READER, WRITER = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_reader_of_the_docs_reads_ours(mask, folder):
    mask.save(folder / "ja.safetensors")
    found = {}
    exec(READER, found)
    assert found["neurons"] == [
        ("attn.out", 0, 1),
        ("attn.out", 0, 7),
        ("attn.out", 2, 0),
        ("mlp.out", 0, 19),
        ("mlp.out", 2, 3),
    ]


def test_ours_reads_the_writer_of_the_docs(folder):
    exec(WRITER, {})
    mask = ExpertMask.load(folder / "mine.safetensors")
    assert (mask.block.tolist(), mask.unit.tolist()) == ([0, 3], [17, 5])
    assert mask.metadata.language == "ja"


def test_every_field_and_tensor_is_described():
    masks, subspaces = TEXT.split("## Responses")[0].split("## Language subspace")
    for name in (*MaskMetadata.model_fields, *_DTYPES, *INTERVENTIONS):
        assert f"`{name}`" in masks, name
    for name in SubspaceMetadata.model_fields:
        assert f"`{name}`" in subspaces, name
