"""Interventions against edited weights, hand-made hooks and arithmetic."""

import copy
from typing import NamedTuple

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from polysteer.errors import InterventionError, MaskError
from polysteer.masks.chosen import ChosenSettings
from polysteer.masks.edits import Edit, NeuronEdit, SubspaceEdit
from polysteer.models.backbone import find_backbone
from polysteer.models.intervene import apply_edits, intervene
from polysteer.models.record import record
from polysteer.models.sites import describe_shape, find_sites
from support.families import of_families


def hold(site: str, block: int, units: object, values: object, gain: float = 0.0) -> NeuronEdit:
    units = np.asarray(units, dtype=np.int64)
    shift = np.broadcast_to(np.asarray(values, dtype=np.float32), units.shape).copy()
    return NeuronEdit(site, block, units, np.full(units.shape, gain, np.float32), shift)


def run(model: PreTrainedModel, ids: torch.Tensor, **inputs: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return find_backbone(model)(input_ids=ids, **inputs).last_hidden_state


def record_site(model: PreTrainedModel, site: str, ids: torch.Tensor, **inputs) -> list[torch.Tensor]:
    parts: dict[int, list[torch.Tensor]] = {}

    def keep(_site: str, block: int, _first_unit: int, values: torch.Tensor) -> None:
        parts.setdefault(block, []).append(values.clone())

    with torch.no_grad(), record(model, find_sites(model, [site]), keep) as recorder:
        recorder.run(ids, **inputs)
    return [torch.cat(parts[block], -1) for block in sorted(parts)]


# --- every family ---


@of_families(lambda family: family.down is not None)
def test_holding_a_hidden_neuron_equals_editing_the_weights(family, model: PreTrainedModel, ids) -> None:
    units, values = [2, 11, 40], torch.tensor([0.7, -1.5, 3.0])
    edited = copy.deepcopy(model)
    down = family.module(edited, 1, family.down)
    with torch.no_grad():
        weight = down.weight.T if isinstance(down, Conv1D) else down.weight
        bias = weight[:, units] @ values
        weight[:, units] = 0
        if down.bias is None:
            down.register_parameter("bias", torch.nn.Parameter(torch.zeros(weight.shape[0])))
        down.bias += bias
    with apply_edits(model, [hold("mlp.hidden", 1, units, values)], where="all"):
        held = run(model, ids)
    torch.testing.assert_close(held, run(edited, ids), rtol=1e-5, atol=1e-5)
    assert not torch.allclose(held, run(model, ids), atol=1e-3)


def test_holding_a_site_at_what_it_was_changes_nothing(model: PreTrainedModel) -> None:
    ids = torch.tensor([[30]])
    plain = run(model, ids)
    for site, width in describe_shape(model).width_by_site.items():
        was = [values[0, 0].numpy() for values in record_site(model, site, ids)]
        edits = [hold(site, block, np.arange(width), was[block]) for block in range(2)]
        with apply_edits(model, edits):
            torch.testing.assert_close(run(model, ids), plain, rtol=1e-6, atol=1e-6)


def test_held_values_are_seen_and_the_others_are_not_touched(model: PreTrainedModel, ids) -> None:
    for site, width in describe_shape(model).width_by_site.items():
        plain = record_site(model, site, ids)[0]
        units = np.array([0, width // 2, width - 1])  # of attn.qkv: in q, k and v
        for gain in (0.0, 0.5):
            with apply_edits(model, [hold(site, 0, units, [1.0, 2.0, 3.0], gain)]):
                now = record_site(model, site, ids)[0]
            expected = plain.clone()
            expected[..., units] = gain * plain[..., units] + torch.tensor([1.0, 2.0, 3.0])
            torch.testing.assert_close(now, expected)


def test_nothing_is_left_behind(model: PreTrainedModel, ids) -> None:
    plain = run(model, ids)
    edits = [hold(site, 1, [0, 1], 9.0) for site in describe_shape(model).width_by_site]
    with apply_edits(model, edits):
        assert not torch.equal(run(model, ids), plain)
    assert torch.equal(run(model, ids), plain)
    with pytest.raises(IndexError), apply_edits(model, edits):
        run(model, torch.tensor([[10**6]]))
    assert torch.equal(run(model, ids), plain)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


# --- which tokens ---


def test_padding_and_specials_are_not_held(llama: PreTrainedModel) -> None:
    ids = torch.tensor([[1, 30, 31, 2, 0, 0], [1, 40, 41, 42, 43, 2]])
    mask = torch.tensor([[1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1]])
    expected = {
        "real": [[0, 1, 1, 0, 0, 0], [0, 1, 1, 1, 1, 0]],
        "last": [[0, 0, 1, 0, 0, 0], [0, 0, 0, 0, 1, 0]],
        "all": [[1] * 6] * 2,
    }
    for where, tokens in expected.items():
        for n_units in (1, 40):  # sparse and dense take different ways
            with apply_edits(llama, [hold("mlp.hidden", 0, range(n_units), 7.0)], where=where):
                values = record_site(llama, "mlp.hidden", ids, attention_mask=mask)[0]
            assert torch.equal((values[..., :n_units] == 7).all(-1), torch.tensor(tokens).bool()), where


def test_specials_of_equal_texts_are_not_held(llama: PreTrainedModel) -> None:
    ids = torch.tensor([[1, 30, 31, 2], [1, 40, 41, 2]])
    for n_units in (1, 40):
        with apply_edits(llama, [hold("mlp.out", 0, range(min(n_units, 32)), 7.0)]):
            values = record_site(llama, "mlp.out", ids)[0]
        assert torch.equal((values[..., 0] == 7), torch.tensor([[0, 1, 1, 0]] * 2).bool())


@pytest.mark.parametrize("n_specials", [1, 9])  # few are put back, many are chosen among
def test_tokens_that_are_not_held_keep_every_bit(
    model: PreTrainedModel, n_specials: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = torch.arange(40, 56).view(2, 8)
    ids[0, :n_specials], ids[1, 3 : 3 + n_specials // 2] = 31, 31
    held = (ids != 31)[..., None]
    monkeypatch.setattr(model, "special_token_ids", (31,), raising=False)
    rng = np.random.default_rng(0)
    for site, width in describe_shape(model).width_by_site.items():
        plain = record_site(model, site, ids)[0]
        edits: list[Edit] = [
            hold(site, 0, range(n_units), rng.normal(size=n_units), gain)
            for n_units in (1, 8, width)
            for gain in (0.0, 0.5)
        ]
        if site == "mlp.out":
            arrays = rng.normal(size=width), rng.normal(size=(width, 2)), rng.normal(size=(2, width))
            edits.append(SubspaceEdit(site, 0, *(array.astype(np.float32) for array in arrays), strength=0.3))
        for edit in edits:
            with apply_edits(model, [edit], where="all"):
                everywhere = record_site(model, site, ids)[0]
            with apply_edits(model, [edit]):
                assert torch.equal(record_site(model, site, ids)[0], torch.where(held, everywhere, plain))


def test_the_special_ids_of_the_tokenizer_count_where_they_are_known(llama: PreTrainedModel) -> None:
    llama.special_token_ids = (31,)
    with apply_edits(llama, [hold("mlp.out", 0, [0], 7.0)]):
        values = record_site(llama, "mlp.out", torch.tensor([[1, 30, 31]]))[0]
    assert (values[0, :, 0] == 7).tolist() == [True, True, False]


def test_a_ready_made_attention_mask_is_refused(llama: PreTrainedModel, ids) -> None:
    mask = torch.ones(2, 1, 6, 6, dtype=torch.bool)
    with (
        apply_edits(llama, [hold("mlp.out", 0, [0], 7.0)]),
        pytest.raises(InterventionError, match="where='all'"),
    ):
        run(llama, ids, attention_mask=mask)
    with apply_edits(llama, [hold("mlp.out", 0, [0], 7.0)], where="all"):
        run(llama, ids, attention_mask=mask)


def test_a_part_of_the_model_called_by_itself_is_refused(llama: PreTrainedModel) -> None:
    mlp = llama.model.layers[0].mlp
    with (
        apply_edits(llama, [hold("mlp.out", 0, [0], 7.0)]),
        pytest.raises(InterventionError, match="whole model"),
    ):
        mlp(torch.zeros(1, 2, 32))


# --- several edits ---


def test_edits_of_one_module_act_in_their_order(llama: PreTrainedModel, ids) -> None:
    rng = np.random.default_rng(0)
    mean, left, right = rng.normal(size=32), rng.normal(size=(32, 2)), rng.normal(size=(2, 32))
    arrays = (array.astype(np.float32) for array in (mean, left, right))
    edits: list[Edit] = [
        hold("attn.out", 0, [3, 4], 2.0, gain=0.5),
        hold("attn.out", 0, [4, 5], -1.0, gain=3.0),
        SubspaceEdit("attn.out", 0, *arrays, strength=0.3),
        hold("attn.out", 0, [5], 9.0),
    ]
    x = record_site(llama, "attn.out", ids)[0].double()
    x[..., [3, 4]] = 0.5 * x[..., [3, 4]] + 2
    x[..., [4, 5]] = 3 * x[..., [4, 5]] - 1
    x = x - 0.3 * (x - torch.tensor(mean)) @ torch.tensor(left) @ torch.tensor(right)
    x[..., 5] = 9
    with apply_edits(llama, edits):
        now = record_site(llama, "attn.out", ids)[0]
    torch.testing.assert_close(now, x.float(), rtol=1e-4, atol=1e-4)


def test_of_nested_interventions_the_inner_one_acts_first(llama: PreTrainedModel, ids) -> None:
    x = record_site(llama, "mlp.out", ids)[0][..., 3]
    with (
        apply_edits(llama, [hold("mlp.out", 0, [3], 1.0, gain=2.0)]),
        apply_edits(llama, [hold("mlp.out", 0, [3], 10.0, gain=1.0)]),
    ):
        now = record_site(llama, "mlp.out", ids)[0][..., 3]
    torch.testing.assert_close(now, 2 * (x + 10) + 1)


def test_a_subspace_across_modules_is_refused(llama: PreTrainedModel) -> None:
    ones = np.ones((64, 1), np.float32)
    edit = SubspaceEdit("attn.qkv", 0, ones[:, 0], ones, ones.T, 1.0)
    with pytest.raises(InterventionError, match="3 modules"), apply_edits(llama, [edit]):
        pass


@pytest.mark.parametrize(("block", "unit", "message"), [(2, 0, "blocks 0 to 1"), (0, 48, "units 0 to 47")])
def test_edits_out_of_range_are_refused(llama: PreTrainedModel, block: int, unit: int, message: str) -> None:
    edit = hold("mlp.hidden", block, [unit], 0.0)
    with pytest.raises(InterventionError, match=message), apply_edits(llama, [edit]):
        pass


# --- where models run ---


@pytest.mark.parametrize("n_units", [1, 40])
@pytest.mark.parametrize("gain", [0.0, 0.5])
def test_it_works_in_every_mode_of_torch(llama: PreTrainedModel, ids, n_units: int, gain: float) -> None:
    edits = [
        hold("mlp.hidden", 0, range(n_units), 2.0, gain),
        hold("attn.out", 1, range(n_units // 2), 1.0, gain),
    ]
    with apply_edits(llama, edits):
        expected = run(llama, ids)
        with torch.inference_mode():
            assert torch.equal(run(llama, ids), expected)
        with_gradient = llama.model(input_ids=ids).last_hidden_state
        torch.testing.assert_close(with_gradient, expected)
        with_gradient.sum().backward()
        assert llama.model.embed_tokens.weight.grad.isfinite().all()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            torch.testing.assert_close(run(llama, ids).float(), expected, rtol=0.1, atol=0.1)
        llama.set_attn_implementation("eager")
        torch.testing.assert_close(run(llama, ids), expected)
    llama.bfloat16()
    with apply_edits(llama, edits):
        values = record_site(llama, "mlp.hidden", ids)[0]
        assert values.dtype == torch.bfloat16
        assert gain or (values[..., :n_units] == 2).all()


@pytest.mark.parametrize("generation", [{}, {"num_beams": 3}, {"use_cache": False}])
def test_generation_equals_that_of_a_model_with_edited_weights(llama: PreTrainedModel, generation) -> None:
    edited = copy.deepcopy(llama)
    down = edited.model.layers[1].mlp.down_proj
    with torch.no_grad():
        bias = down.weight[:, :20].sum(1) * 2.5
        down.weight[:, :20] = 0
        down.register_parameter("bias", torch.nn.Parameter(bias))
    ids, mask = torch.tensor([[0, 0, 30, 31], [40, 41, 42, 43]]), torch.tensor([[0, 0, 1, 1], [1, 1, 1, 1]])
    arguments = {
        "input_ids": ids,
        "attention_mask": mask,
        "max_new_tokens": 8,
        "do_sample": False,
        **generation,
    }
    arguments["eos_token_id"] = None
    with apply_edits(llama, [hold("mlp.hidden", 1, range(20), 2.5)]):
        held = llama.generate(**arguments)
    assert torch.equal(held, edited.generate(**arguments))
    assert not torch.equal(held, llama.generate(**arguments))


def test_a_compiled_model_is_refused(llama: PreTrainedModel) -> None:
    with pytest.raises(InterventionError, match="compiled"), apply_edits(torch.compile(llama), []):
        pass
    llama.compile()
    with pytest.raises(InterventionError, match="compiled"), apply_edits(llama, []):
        pass


# --- masks ---


class LanguageMask(NamedTuple):
    n_blocks: int
    chosen: ChosenSettings | None = None

    def check_fits(self, shape) -> None:
        if shape.n_blocks != self.n_blocks:
            raise MaskError(f"n_blocks is {self.n_blocks} in the mask and {shape.n_blocks} in the model")

    def edits(self, *, intervention, strength, blocks) -> list[Edit]:
        assert intervention == "add"
        return [hold("mlp.out", block, [1], strength, gain=1.0) for block in range(2) if block in blocks]


def test_intervene_asks_the_mask_what_to_do(llama: PreTrainedModel, ids) -> None:
    plain = record_site(llama, "mlp.out", ids)
    with intervene(llama, LanguageMask(2), intervention="add", strength=0.25, blocks=[0]):
        held = record_site(llama, "mlp.out", ids)
    torch.testing.assert_close(held[0][..., 1], plain[0][..., 1] + 0.25)
    with pytest.raises(MaskError, match="n_blocks is 3"), intervene(llama, LanguageMask(3)):
        pass
