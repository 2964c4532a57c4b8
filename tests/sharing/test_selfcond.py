"""Expertise tables of ml-selfcond: read and written as its own code forces units, with plain hooks."""

import csv

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polysteer.errors import MaskError
from polysteer.models.intervene import intervene
from polysteer.sharing.origin import read_origin
from polysteer.sharing.selfcond import export_expertise, import_expertise
from support.checks import check_read_or_refused

GPT2_WIDTHS = {"attn.c_attn": 24, "attn.c_proj": 8, "mlp.c_fc": 12, "mlp.c_proj": 8}
LLAMA_WIDTHS = {
    "self_attn.q_proj": 8,
    "self_attn.k_proj": 4,
    "self_attn.v_proj": 4,
    "self_attn.o_proj": 8,
    "mlp.gate_proj": 12,
    "mlp.up_proj": 12,
    "mlp.down_proj": 8,
}
COLUMNS = ["ap", "off_mean", "on_p50", "on_p90", "layer", "unit", "uuid", "concept", "group"]


def write_table(path, stack, widths, columns=COLUMNS, change=lambda rows: rows):
    """Every unit of a model of two blocks, in alphabetical order of layers as that tool writes them."""
    random = np.random.default_rng(0)
    layers = sorted(f"{stack}.{block}.{name}:0" for block in range(2) for name in widths)
    rows = []
    for layer in layers:
        for unit in range(widths[layer.split(".", stack.count(".") + 2)[-1].removesuffix(":0")]):
            # Two decimals, so that many units tie.
            ap, off, p50, p90 = (round(float(x), 2) for x in random.random(4))
            rows.append([ap, off, p50, p90, layer, unit, len(rows), "ja", "language"])
    rows = change([dict(zip(COLUMNS, row, strict=True)) for row in rows])
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return rows


def force_units(model, rows, column):
    """As that tool does it: a forward hook per layer that overwrites units at every token."""
    handles = []
    for layer in {row["layer"] for row in rows}:
        here = [row for row in rows if row["layer"] == layer]
        units = torch.tensor([int(row["unit"]) for row in here])
        values = torch.tensor([float(row[column]) for row in here])

        def hook(_module, _inputs, output, units=units, values=values):
            output = output.clone()
            output[:, :, units] = values
            return output

        handles.append(model.get_submodule(layer.removesuffix(":0")).register_forward_hook(hook))
    with torch.no_grad():
        logits = model(torch.arange(10, 16)[None]).logits
    for handle in handles:
        handle.remove()
    return logits


def steered(model, mask):
    with torch.no_grad(), intervene(model, mask):
        return model(torch.arange(10, 16)[None]).logits


@pytest.fixture
def path(tmp_path):
    return tmp_path / "expertise.csv"


@pytest.mark.parametrize("column", ["on_p50", "on_p90", "off_mean"])
def test_it_forces_gpt2_as_ml_selfcond_does(path, gpt2, column):
    rows = write_table(path, "transformer.h", GPT2_WIDTHS)
    mask = import_expertise(path, "ja", value_column=column)
    assert len(mask) == len(rows) == 104
    few = import_expertise(path, "ja", k=20, value_column=column)
    bar = sorted((row["ap"] for row in rows), reverse=True)[19]
    assert {row["ap"] for row in rows if row["ap"] > bar} <= {round(float(ap), 2) for ap in few.score}
    assert len(few) == 20
    chosen = [row for row in rows if row["ap"] > bar]
    exact = import_expertise(path, "ja", k=len(chosen), value_column=column)
    assert torch.allclose(steered(gpt2, exact), force_units(gpt2, chosen, column), atol=1e-5)


def test_another_model_is_named_by_its_modules(path, llama, llama_folder):
    rows = write_table(path, "model.layers", LLAMA_WIDTHS)
    origin = read_origin(str(llama_folder))
    chosen = sorted(rows, key=lambda row: -row["ap"])
    n_experts = next(n for n in range(15, 30) if chosen[n - 1]["ap"] > chosen[n]["ap"])
    mask = import_expertise(path, "ja", k=n_experts, origin=origin)
    assert {"attn.qkv", "mlp.gate"} <= set(mask.metadata.sites)
    assert mask.metadata.width_by_site["attn.qkv"] == 16
    assert torch.allclose(steered(llama, mask), force_units(llama, chosen[:n_experts], "on_p50"), atol=1e-5)
    with pytest.raises(MaskError, match=r"the layer 'model\.layers.*--model"):
        import_expertise(path, "ja")


def test_a_unit_does_not_spill_into_the_next_module(path, llama_folder):
    """Queries, keys and values are one site: unit 8 of queries that are 8 wide would be the first key."""
    write_table(path, "model.layers", LLAMA_WIDTHS, change=lambda rows: [rows[-1] | {"unit": 8}])
    path.write_text(path.read_text().replace("self_attn.v_proj", "self_attn.q_proj"))
    with pytest.raises(
        MaskError, match=r"unit 8 of model\.layers\.1\.self_attn\.q_proj:0, which has 8 units"
    ):
        import_expertise(path, "ja", origin=read_origin(str(llama_folder)))


def test_what_the_table_does_not_say_is_absent(path):
    write_table(path, "transformer.h", GPT2_WIDTHS)
    known = import_expertise(path, "ja", k=0.1).metadata
    assert (known.score, known.value_statistic, known.k) == ("ap", "pooled_median", 0.1)
    for name in ("model_id", "model_family", "n_blocks", "width_by_site", "pool", "languages", "licence"):
        assert getattr(known, name) is None


def test_a_table_without_forcing_values_gives_a_mask_to_ablate(path):
    write_table(path, "transformer.h", GPT2_WIDTHS, columns=["ap", "layer", "unit"])
    mask = import_expertise(path, "ja", k=5)
    assert mask.value is None
    assert mask.metadata.intervention == "ablate"


def read_rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_what_is_exported_forces_the_same(path, tmp_path, gpt2, llama, llama_folder):
    write_table(path, "transformer.h", GPT2_WIDTHS)
    mask = import_expertise(path, "ja", k=30)
    export_expertise(mask, tmp_path / "ours.csv")
    rows = read_rows(tmp_path / "ours.csv")
    assert len(rows) == 30
    assert list(rows[0]) == COLUMNS
    assert {(row["on_p90"], row["off_mean"]) for row in rows} == {("", "")}
    assert torch.allclose(force_units(gpt2, rows, "on_p50"), steered(gpt2, mask), atol=1e-5)

    write_table(path, "model.layers", LLAMA_WIDTHS)
    origin = read_origin(str(llama_folder))
    mask = import_expertise(path, "ja", k=40, origin=origin)
    with pytest.raises(MaskError, match="those of llama are not known"):
        export_expertise(mask, tmp_path / "ours.csv")
    export_expertise(mask, tmp_path / "ours.csv", modules=origin.modules)
    rows = read_rows(tmp_path / "ours.csv")
    assert torch.allclose(force_units(llama, rows, "on_p50"), steered(llama, mask), atol=1e-5)
    again = import_expertise(tmp_path / "ours.csv", "ja", origin=origin)
    for name, array in mask.arrays().items():
        assert (getattr(again, name) == array).all(), name


def test_other_statistics_get_a_column_of_their_own(path, tmp_path):
    from dataclasses import replace

    write_table(path, "transformer.h", GPT2_WIDTHS)
    mask = import_expertise(path, "ja", k=3)
    other = replace(mask, metadata=mask.metadata.model_copy(update={"value_statistic": "token_median"}))
    export_expertise(other, tmp_path / "ours.csv")
    rows = read_rows(tmp_path / "ours.csv")
    assert [np.float32(row["token_median"]) for row in rows] == mask.value.tolist()
    assert {row["on_p50"] for row in rows} == {""}
    nameless = replace(mask, metadata=mask.metadata.model_copy(update={"score": "auroc"}))
    with pytest.raises(MaskError, match="this mask has auroc"):
        export_expertise(nameless, tmp_path / "ours.csv")


def changed(row, **fields):
    def change(rows):
        rows[row] |= fields
        return rows

    return change


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (changed(3, ap="nan"), "ap is not a number"),
        (changed(3, ap=""), "rows without ap"),
        (changed(3, ap="high"), "cannot be read as a table"),
        (changed(3, unit=-1), "cannot be read as a table"),
        (changed(3, unit=2.5), "cannot be read as a table"),
        (changed(3, unit=2), "named twice"),
        (changed(3, on_p50="inf"), "value of .* is inf"),
        (changed(3, layer="transformer.wte:0"), r"the layer 'transformer\.wte:0'"),
        (changed(3, layer="transformer.h.0.attn.c_attn:1"), "the layer"),
        (changed(3, concept="en"), "mixes the concepts"),
        (lambda _: [], "has no rows"),
    ],
)
def test_wrong_tables_are_refused(path, change, complaint):
    write_table(path, "transformer.h", GPT2_WIDTHS, change=change)
    with pytest.raises(MaskError, match=complaint):
        import_expertise(path, "ja")


def test_other_files_are_refused(path, tmp_path):
    for content, complaint in (
        (b"", "no column"),
        (b"a,b\n1,2\n", "no column 'layer'"),
        (b"\xff\xfe", "cannot be read"),
    ):
        path.write_bytes(content)
        with pytest.raises(MaskError, match=complaint):
            import_expertise(path, "ja")
    with pytest.raises(MaskError, match="cannot be read"):
        import_expertise(tmp_path / "none.csv", "ja")
    write_table(path, "transformer.h", GPT2_WIDTHS)
    with pytest.raises(MaskError, match="no column 'on_p99'"):
        import_expertise(path, "ja", value_column="on_p99")


def import_japanese(path):
    return import_expertise(path, "ja")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6))
def test_no_changed_byte_crashes_the_reader(path, tmp_path, edits):
    write_table(path, "transformer.h", GPT2_WIDTHS)
    content = bytearray(path.read_bytes())
    for place, byte in edits:
        content[place % len(content)] = byte
    (tmp_path / "fuzz.csv").write_bytes(content)
    check_read_or_refused(import_japanese, tmp_path / "fuzz.csv", MaskError)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    row=st.integers(0, 103),
    column=st.sampled_from(COLUMNS),
    text=st.text(max_size=6) | st.integers().map(str) | st.floats().map(str),
)
def test_no_changed_cell_crashes_the_reader(path, row, column, text):
    write_table(path, "transformer.h", GPT2_WIDTHS, change=changed(row, **{column: text}))
    check_read_or_refused(import_japanese, path, MaskError)
