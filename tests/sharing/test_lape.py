"""LAPE's neuron lists: read as their own code uses them, written so that nothing changes."""

import io
import pickle
import zipfile
from itertools import chain

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch.nn import functional

from polysteer.errors import MaskError
from polysteer.masks import ExpertMask
from polysteer.models.intervene import intervene
from polysteer.sharing.lape import export_lape, import_lape
from polysteer.sharing.origin import read_origin
from support.checks import check_read_or_refused

LISTS = [
    [torch.tensor([3, 7]), torch.tensor([], dtype=torch.int64)],
    [torch.tensor([0, 7, 11]), torch.tensor([5])],
]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "some.neuron.pth"
    torch.save(LISTS, path)
    return path


def test_each_list_becomes_a_mask(path):
    english, chinese = import_lape(path, ["en", "zh"])
    assert (english.metadata.language, chinese.metadata.language) == ("en", "zh")
    assert list(zip(chinese.block.tolist(), chinese.unit.tolist(), strict=True)) == [
        (0, 0),
        (0, 7),
        (0, 11),
        (1, 5),
    ]
    assert english.block.tolist() == [0, 0]


def test_what_the_file_does_not_say_is_absent(path):
    mask = import_lape(path, ["en", "zh"])[0]
    assert set(mask.arrays()) == {"site", "block", "unit"}
    assert set(mask.metadata.to_strings()) == {
        "format",
        "format_version",
        "language",
        "languages",
        "sites",
        "experts",
        "intervention",
        "n_blocks",
        "polysteer_version",
        "notes",
    }
    assert mask.metadata.intervention == "ablate"


def test_it_does_what_lapes_own_code_does(path, llama, llama_folder):
    """They set columns of the activated gate to zero, before it is multiplied with the up branch."""
    mask = import_lape(path, ["en", "zh"], origin=read_origin(str(llama_folder)))[1]
    ids = torch.arange(10, 16)[None]
    with torch.no_grad(), intervene(llama, mask):
        ours = llama(ids).logits
    handles = []
    for layer, units in zip(llama.model.layers, LISTS[1], strict=True):
        mlp = layer.mlp

        def masked(_module, inputs, _output, mlp=mlp, units=units):
            activation = functional.silu(mlp.gate_proj(inputs[0])).index_fill(2, units, 0)
            return mlp.down_proj(activation * mlp.up_proj(inputs[0]))

        handles.append(mlp.register_forward_hook(masked))
    with torch.no_grad():
        theirs = llama(ids).logits
    for handle in handles:
        handle.remove()
    with torch.no_grad():
        plain = llama(ids).logits
    assert torch.allclose(ours, theirs, atol=1e-5)
    assert not torch.allclose(ours, plain, atol=1e-4)


def test_a_model_adds_its_shape_and_is_checked(path, llama_folder, tmp_path):
    mask = import_lape(path, ["en", "zh"], origin=read_origin(str(llama_folder)))[0]
    assert mask.metadata.model_family == "llama"
    assert mask.metadata.width_by_site == {"mlp.hidden": 12}
    torch.save([[torch.tensor([12]), torch.tensor([0])]], tmp_path / "wide.pth")
    with pytest.raises(MaskError, match=r"does not fit .* unit in row 0 is 12"):
        import_lape(tmp_path / "wide.pth", ["en"], origin=read_origin(str(llama_folder)))
    torch.save([[torch.tensor([1])] * 3], tmp_path / "deep.pth")
    with pytest.raises(MaskError, match="n_blocks is 3 in the mask and 2"):
        import_lape(tmp_path / "deep.pth", ["en"], origin=read_origin(str(llama_folder)))


def test_exporting_gives_the_same_lists(path, tmp_path):
    export_lape(import_lape(path, ["en", "zh"]), tmp_path / "again.neuron.pth")
    again = torch.load(tmp_path / "again.neuron.pth", weights_only=True)
    assert [len(blocks) for blocks in again] == [2, 2]
    for due, found in zip(chain(*LISTS), chain(*again), strict=True):
        assert found.dtype == torch.int64
        assert torch.equal(due, found)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ([], "holds a list"),
        ({"en": LISTS[0]}, "holds a dict"),
        ([LISTS[0], torch.tensor([1])], "holds a Tensor for a language"),
        ([LISTS[0], [[1, 2], [3]]], "holds a list for a block"),
        ([LISTS[0], LISTS[1][:1]], r"languages with \[1, 2\] blocks"),
        ([[], []], r"languages with \[0\] blocks"),
        ([LISTS[0], [torch.tensor([1.5]), torch.tensor([2])]], "torch.float32"),
        ([LISTS[0], [torch.tensor([True]), torch.tensor([2])]], "torch.bool"),
        ([LISTS[0], [torch.tensor([[1]]), torch.tensor([2])]], r"of shape \(1, 1\)"),
        ([LISTS[0], [torch.tensor([-1]), torch.tensor([2])]], "units -1"),
        ([LISTS[0], [torch.tensor([1 << 40]), torch.tensor([2])]], "units 1099511627776"),
        ([LISTS[0], [torch.tensor([4, 4]), torch.tensor([2])]], "for zh: .* unit 4 is named twice"),
        ([LISTS[0], [torch.tensor([4]).expand(10**10), torch.tensor([2])]], "more units than it has bytes"),
        ([LISTS[0], [torch.arange(500)] * 100], "more units than it has bytes"),
        ([LISTS[0], [torch.tensor([4], device="meta"), torch.tensor([2])]], "without numbers"),
        ([LISTS[0], [torch.tensor([1j]), torch.tensor([2])]], "torch.complex64"),
        ([LISTS[0], [torch.tensor([1]).to_sparse(), torch.tensor([2])]], "holds a Tensor for a block"),
    ],
)
def test_other_contents_are_refused(tmp_path, content, complaint):
    torch.save(content, tmp_path / "bad.pth")
    with pytest.raises(MaskError, match=complaint):
        import_lape(tmp_path / "bad.pth", ["en", "zh"])


def test_a_language_without_neurons_gets_a_mask_that_does_nothing(tmp_path, llama):
    none = torch.tensor([], dtype=torch.int64)
    torch.save([LISTS[0], [none, none]], tmp_path / "some.pth")
    empty = import_lape(tmp_path / "some.pth", ["en", "zh"])[1]
    empty.save(tmp_path / "zh.safetensors")
    empty = ExpertMask.load(tmp_path / "zh.safetensors")
    assert len(empty) == 0
    ids = torch.arange(10, 16)[None]
    with torch.no_grad():
        plain = llama(ids).logits
        with intervene(llama, empty):
            assert torch.equal(llama(ids).logits, plain)
    export_lape([empty], tmp_path / "again.pth")
    assert [len(block) for block in torch.load(tmp_path / "again.pth", weights_only=True)[0]] == [0, 0]


def test_masks_of_the_gate_are_exported_as_the_same_lists(path, tmp_path):
    """The site that the method itself looks at in a gated model."""
    masks = import_lape(path, ["en", "zh"], site="mlp.gate")
    assert {mask.metadata.sites[0] for mask in masks} == {"mlp.gate"}
    export_lape(masks, tmp_path / "gate.pth")
    export_lape(import_lape(path, ["en", "zh"]), tmp_path / "hidden.pth")
    assert (tmp_path / "gate.pth").read_bytes() == (tmp_path / "hidden.pth").read_bytes()
    with pytest.raises(MaskError, match=r"mlp\.gate, mlp\.hidden"):
        export_lape([masks[0], import_lape(path, ["en", "zh"])[1]], tmp_path / "x.pth")
    with pytest.raises(MaskError, match=r"not at 'attn\.out'"):
        import_lape(path, ["en", "zh"], site="attn.out")


def test_an_archive_that_unpacks_to_more_is_not_unpacked(tmp_path):
    torch.save([[torch.zeros(10**6, dtype=torch.int64)]], tmp_path / "big.pth")
    with zipfile.ZipFile(tmp_path / "big.pth") as old, zipfile.ZipFile(tmp_path / "bomb.pth", "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name), zipfile.ZIP_DEFLATED)
    with pytest.raises(MaskError, match=r"unpacks to 80.* bytes"):
        import_lape(tmp_path / "bomb.pth", ["en"])


def test_the_number_of_languages_is_checked(path):
    with pytest.raises(MaskError, match=r"2 languages, 3 are named \(en, zh, fr\)"):
        import_lape(path, ["en", "zh", "fr"])


class Mischief:
    def __reduce__(self):
        return (print, ("run by a pickle",))


def test_code_in_a_file_is_not_run(tmp_path, capsys):
    torch.save([[Mischief()]], tmp_path / "evil.pth")
    (tmp_path / "old.pth").write_bytes(pickle.dumps([[Mischief()]]))
    for name in ("evil.pth", "old.pth"):
        with pytest.raises(MaskError, match=r"cannot be read|no zip archive"):
            import_lape(tmp_path / name, ["en"])
    assert capsys.readouterr().out == ""


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(MaskError, match=r"none\.pth"):
        import_lape(tmp_path / "none.pth", ["en"])


FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def check_imported_or_refused(path):
    check_read_or_refused(lambda given: import_lape(given, ["en", "zh"]), path, MaskError)


@FUZZ
@given(edits=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6))
def test_no_changed_byte_crashes_the_reader(path, tmp_path, edits):
    content = bytearray(path.read_bytes())
    for place, byte in edits:
        content[place % len(content)] = byte
    (tmp_path / "fuzz.pth").write_bytes(content)
    check_imported_or_refused(tmp_path / "fuzz.pth")


@FUZZ
@given(edits=st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 255)), min_size=1, max_size=4))
def test_no_changed_pickle_crashes_the_reader(path, tmp_path, edits):
    """Changes inside the archive, with its checksums made right again."""
    changed = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            content = bytearray(old.read(name))
            if name.endswith("data.pkl"):
                for place, byte in edits:
                    content[place % len(content)] = byte
            new.writestr(name, bytes(content))
    (tmp_path / "fuzz.pth").write_bytes(changed.getvalue())
    check_imported_or_refused(tmp_path / "fuzz.pth")


@st.composite
def odd_tensors(draw):
    """What torch saves, in any type and shape, real or repeated by a stride of 0."""
    dtype = draw(st.sampled_from([torch.int64, torch.int32, torch.uint8, torch.bool, torch.cfloat]))
    tensor = torch.zeros(draw(st.lists(st.integers(0, 3), max_size=3)), dtype=dtype)
    if draw(st.booleans()):
        return torch.zeros((), dtype=dtype).expand(draw(st.lists(st.integers(0, 10**6), max_size=2)))
    return tensor.to("meta") if draw(st.booleans()) else tensor


@FUZZ
@given(lists=st.lists(st.lists(odd_tensors(), max_size=3) | odd_tensors(), max_size=3))
def test_no_tensor_crashes_the_reader(tmp_path, lists):
    torch.save(lists, tmp_path / "fuzz.pth")
    check_imported_or_refused(tmp_path / "fuzz.pth")


def test_only_whole_mlp_masks_can_be_exported(path, tmp_path):
    from dataclasses import replace

    english, chinese = import_lape(path, ["en", "zh"])
    elsewhere = replace(english, metadata=english.metadata.model_copy(update={"sites": ["attn.out"]}))
    with pytest.raises(MaskError, match=r"these masks name attn\.out, mlp\.hidden"):
        export_lape([chinese, elsewhere], tmp_path / "x.pth")
    unknown = replace(english, metadata=english.metadata.model_copy(update={"n_blocks": None}))
    with pytest.raises(MaskError, match="needs one known number"):
        export_lape([chinese, unknown], tmp_path / "x.pth")
