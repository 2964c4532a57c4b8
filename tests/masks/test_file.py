import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from polysteer.errors import MaskError
from polysteer.masks import ChosenSettings, ExpertMask
from polysteer.masks.sets import intersect_masks, keep_blocks, subtract_masks, unite_masks
from support.checks import check_read_or_refused


@pytest.fixture
def path(mask, tmp_path):
    path = tmp_path / "ja.safetensors"
    mask.save(path)
    return path


def test_a_mask_comes_back_as_it_was(mask, path):
    loaded = ExpertMask.load(path)
    assert loaded.metadata == mask.metadata
    for name, array in mask.arrays().items():
        assert getattr(loaded, name).dtype == array.dtype
        assert (getattr(loaded, name) == array).all()


CHOSEN = ChosenSettings(strength=0.5, where="last", layer="3", pool="max", specials=True, dtype="float32")


def test_a_chosen_mask_keeps_the_settings_it_was_chosen_with(mask, path):
    chosen = dataclasses.replace(mask, metadata=mask.metadata.model_copy(update={"chosen": CHOSEN}))
    assert (mask.metadata.format_version, chosen.metadata.format_version) == (1, 2)
    chosen.save(path)
    assert ExpertMask.load(path).chosen == CHOSEN
    with safe_open(path, "np") as file:
        told = file.metadata()
    assert told["format_version"] == "2"
    assert json.loads(told["chosen"]) == CHOSEN.model_dump()
    for name, value in (("strength", 1.5), ("layer", "-1"), ("specials", 1), ("surprise", 1)):
        rewrite(
            path,
            change_metadata=lambda it, n=name, v=value: it.update(
                chosen=json.dumps({**CHOSEN.model_dump(), n: v})
            ),
        )
        with pytest.raises(MaskError, match=f"its chosen.{name} cannot be used"):
            ExpertMask.load(path)


def test_what_is_made_of_chosen_masks_was_not_chosen(mask):
    chosen = dataclasses.replace(mask, metadata=mask.metadata.model_copy(update={"chosen": CHOSEN}))
    for made in (
        unite_masks(chosen, chosen),
        intersect_masks(chosen, chosen),
        subtract_masks(chosen, keep_blocks(chosen, [0])),
        keep_blocks(chosen, [0]),
    ):
        assert made.chosen is None


def test_plain_safetensors_reads_it(mask, path):
    tensors = load_file(path)
    assert set(tensors) == {"site", "block", "unit", "score", "value"}
    assert (tensors["unit"] == mask.unit).all()
    with safe_open(path, "np") as file:
        metadata = file.metadata()
    assert metadata["language"] == "ja"
    assert json.loads(metadata["width_by_site"]) == {"attn.out": 8, "mlp.out": 20}
    assert "licence" not in metadata


def test_what_plain_safetensors_writes_is_read(mask, tmp_path):
    path = tmp_path / "other.safetensors"
    save_file(mask.arrays(), path, metadata=mask.metadata.to_strings())
    assert (ExpertMask.load(path).unit == mask.unit).all()


def test_the_same_mask_gives_the_same_bytes(path, tmp_path):
    for number in range(5):
        again = tmp_path / f"again{number}.safetensors"
        ExpertMask.load(path).save(again)
        assert again.read_bytes() == path.read_bytes()


def test_what_is_unknown_is_absent_by_name(mask, tmp_path):
    path = tmp_path / "imported.safetensors"
    metadata = mask.metadata.model_copy(
        update={"n_blocks": None, "width_by_site": None, "intervention": "ablate", "model_id": None}
    )
    ExpertMask(metadata, mask.site, mask.block, mask.unit).save(path)
    assert set(load_file(path)) == {"site", "block", "unit"}
    loaded = ExpertMask.load(path)
    assert loaded.value is None
    assert loaded.metadata.n_blocks is None


def rewrite(path, change_tensors=None, change_metadata=None):
    with safe_open(path, "np") as file:
        metadata = dict(file.metadata())
    metadata.pop("sha256", None)  # of one that was rewritten before
    tensors = dict(load_file(path))
    (change_tensors or (lambda _: None))(tensors)
    (change_metadata or (lambda _: None))(metadata)
    save_file(tensors, path, metadata=metadata)


def replace(name, row, value):
    def change(tensors):
        tensors[name] = tensors[name].copy()
        tensors[name][row] = value

    return change


def cast(name, dtype):
    return lambda tensors: tensors.update({name: tensors[name].astype(dtype)})


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (cast("unit", np.int64), "unit is int64"),
        (cast("value", np.float64), "value is float64"),
        (lambda tensors: tensors.update(site=tensors["site"][:3]), "site is uint8 of shape"),
        (lambda tensors: tensors.pop("block"), "lacks the tensor 'block'"),
        (lambda tensors: tensors.update(weights=np.zeros(5, np.float32)), "unknown tensor 'weights'"),
        (replace("value", 2, np.nan), "value of attn.out block 2 unit 0 is nan"),
        (replace("score", 0, np.inf), "score of attn.out block 0 unit 1 is inf"),
        (replace("unit", 1, 8), "unit in row 1 is 8; .* including, 8"),
        (replace("unit", 0, -1), "unit in row 0 is -1"),
        (replace("block", 4, 3), "block in row 4 is 3"),
        (replace("site", 4, 2), "site in row 4 is 2"),
        (replace("unit", 1, 1), "attn.out block 0 unit 1 is named twice"),
        (replace("unit", 0, 7), "attn.out block 0 unit 7 is named twice"),
        (replace("block", 0, 1), "out of order"),
    ],
)
def test_wrong_tensors_are_refused(path, change, complaint):
    rewrite(path, change_tensors=change)
    with pytest.raises(MaskError, match=complaint):
        ExpertMask.load(path)


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("format_version", "3", "format_version is '3', this version of polysteer reads 1 to 2"),
        ("chosen", '{"strength": 0.5}', "format_version is 1, which has no field 'chosen'"),
        ("format", "other", "do not say format"),
        ("n_blocks", '"3"', "n_blocks"),
        ("n_blocks", "[" * 100_000, "n_blocks is not JSON"),
        ("n_blocks", "-1", "n_blocks"),
        ("sites", '["attn.out", "attn.out"]', "named twice"),
        ("sites", '["attn.out", "block.out"]', "width_by_site"),
        ("k", "NaN", "k cannot be used"),
        ("experts", "some", "experts"),
        ("surprise", "1", "surprise"),
        ("intervention", "shake", "its intervention cannot be used: .shake. is none of set, ablate"),
        ("intervention", "scale", "its intervention is scale, but it holds no auroc"),
        ("shape_fingerprint", "wrong", "its shape_fingerprint cannot be used"),
    ],
)
def test_wrong_metadata_are_refused(path, name, text, complaint):
    rewrite(path, change_metadata=lambda metadata: metadata.update({name: text}))
    with pytest.raises(MaskError, match=complaint):
        ExpertMask.load(path)


def test_a_missing_language_is_refused(path):
    rewrite(path, change_metadata=lambda metadata: metadata.pop("language"))
    with pytest.raises(MaskError, match="language"):
        ExpertMask.load(path)


def test_every_truncation_is_refused(path):
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(MaskError, match="whole safetensors file"):
            ExpertMask.load(path)


@pytest.mark.parametrize("n_header", [10 << 30, 2**63, 2**64 - 1])
def test_a_huge_header_is_refused_before_it_is_read(path, n_header):
    path.write_bytes(n_header.to_bytes(8, "little") + path.read_bytes()[8:])
    with pytest.raises(MaskError, match=str(n_header)):
        ExpertMask.load(path)


def test_a_file_that_is_not_there_or_is_a_folder_is_named(tmp_path):
    for path in (tmp_path / "none.safetensors", tmp_path):
        with pytest.raises(MaskError, match=str(path)):
            ExpertMask.load(path)


def write_header(path: Path, header: bytes, data: bytes = b"") -> None:
    path.write_bytes(len(header).to_bytes(8, "little") + header + data)


ENTRY = {"dtype": "I32", "shape": [1], "data_offsets": [0, 4]}


@pytest.mark.parametrize(
    "header",
    [
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"unit": 3}',
        json.dumps({"unit": {**ENTRY, "dtype": "C64"}}).encode(),
        json.dumps({"unit": {**ENTRY, "dtype": ["I32"]}}).encode(),
        json.dumps({"unit": {**ENTRY, "shape": [True]}}).encode(),
        json.dumps({"unit": {**ENTRY, "shape": [-1]}}).encode(),
        json.dumps({"unit": {**ENTRY, "shape": [10**30]}}).encode(),
        json.dumps({"unit": {**ENTRY, "data_offsets": [4, 0]}}).encode(),
        json.dumps({"unit": {**ENTRY, "data_offsets": [0, 8]}}).encode(),
        json.dumps({"unit": ENTRY, "site": ENTRY}).encode(),
        json.dumps({"unit": {**ENTRY, "data_offsets": [4, 8]}}).encode(),
        json.dumps({"__metadata__": {"a": 1}, "unit": ENTRY}).encode(),
        json.dumps({"__metadata__": [], "unit": ENTRY}).encode(),
    ],
)
def test_wrong_headers_are_refused(tmp_path, header):
    path = tmp_path / "bad.safetensors"
    write_header(path, header, b"\0" * 4)
    with pytest.raises(MaskError, match="whole safetensors file"):
        ExpertMask.load(path)


FUZZ = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(data=st.binary(max_size=300))
def test_no_bytes_crash_the_reader(tmp_path, data):
    path = tmp_path / "fuzz.safetensors"
    path.write_bytes(data)
    check_read_or_refused(ExpertMask.load, path, MaskError)


@FUZZ
@given(edits=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6))
def test_no_changed_byte_crashes_the_reader(mask, tmp_path, edits):
    path = tmp_path / "fuzz.safetensors"
    mask.save(path)
    content = bytearray(path.read_bytes())
    for place, byte in edits:
        content[place % len(content)] = byte
    path.write_bytes(content)
    check_read_or_refused(ExpertMask.load, path, MaskError)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@FUZZ
@given(
    header=st.dictionaries(st.sampled_from(["__metadata__", "unit", "site", "block"]), JSON),
    entry=st.fixed_dictionaries({"dtype": JSON, "shape": JSON, "data_offsets": JSON}),
)
def test_no_json_header_crashes_the_reader(tmp_path, header, entry):
    path = tmp_path / "fuzz.safetensors"
    write_header(path, json.dumps({**header, "value": entry}).encode(), b"\0" * 8)
    check_read_or_refused(ExpertMask.load, path, MaskError)


@FUZZ
@given(name=st.sampled_from(["sites", "n_blocks", "width_by_site", "k", "draw", "languages"]), value=JSON)
def test_no_metadata_crash_the_reader(mask, tmp_path, name, value):
    path = tmp_path / "fuzz.safetensors"
    save_file(mask.arrays(), path, metadata={**mask.metadata.to_strings(), name: json.dumps(value)})
    check_read_or_refused(ExpertMask.load, path, MaskError)
