import numpy as np
import pytest
import torch
from transformers import PreTrainedModel

from polysteer.errors import ModelError
from polysteer.masks.edits import NeuronEdit
from polysteer.models.intervene import apply_edits
from polysteer.models.layers import capture_layers, list_layers


def capture(model: PreTrainedModel, ids: torch.Tensor, layers=None) -> dict[object, torch.Tensor]:
    captured = {}
    wanted = list_layers(model) if layers is None else layers
    with torch.no_grad(), capture_layers(model, wanted, captured.__setitem__) as capturing:
        capturing.run(ids)
    return captured


def test_layers_are_the_models_own_hidden_states(model: PreTrainedModel, ids: torch.Tensor) -> None:
    captured = capture(model, ids)
    with torch.no_grad():
        expected = model(input_ids=ids, output_hidden_states=True).hidden_states
    assert list(captured) == [0, 1, 2, "final"]
    assert torch.equal(captured[0], expected[0])
    assert torch.equal(captured[1], expected[1])
    assert torch.equal(captured["final"], expected[-1])


def test_raw_output_of_the_last_block_comes_before_the_final_norm(llama, ids: torch.Tensor) -> None:
    captured = capture(llama, ids)
    assert not torch.allclose(captured[2], captured["final"])
    with torch.no_grad():
        assert torch.equal(llama.model.norm(captured[2]), captured["final"])


def test_captured_layers_hold_what_an_intervention_changed(model: PreTrainedModel, ids: torch.Tensor) -> None:
    units = np.array([3, 17])
    edit = NeuronEdit("block.out", 0, units, np.zeros(2, np.float32), np.array([5.0, -2.0], np.float32))
    plain = capture(model, ids)
    with apply_edits(model, [edit]):
        held = capture(model, ids)
    assert torch.equal(held[0], plain[0])
    assert (held[1][..., units] == torch.tensor([5.0, -2.0])).all()
    rest = np.setdiff1d(np.arange(32), units)
    assert torch.equal(held[1][..., rest], plain[1][..., rest])
    assert not torch.allclose(held[2], plain[2])


def test_nothing_above_the_last_layer_is_run(llama: PreTrainedModel, ids: torch.Tensor) -> None:
    list_layers(llama)
    ran = []
    for name, module in llama.named_modules():
        module.register_forward_pre_hook(lambda _module, _args, name=name: ran.append(name))
    assert set(capture(llama, ids, [0, 1])) == {0, 1}
    assert "model.layers.0" in ran
    assert not {"model.layers.1.self_attn", "model.norm", "lm_head"} & set(ran)


@pytest.mark.parametrize("layer", [3, -1, "last"])
def test_a_layer_that_is_not_there_is_named(llama: PreTrainedModel, layer: object) -> None:
    with pytest.raises(ModelError, match=f"no layer {layer!r}; it has 0 to 2 and final"):
        capture(llama, torch.tensor([[5]]), [layer])
