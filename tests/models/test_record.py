"""What is recorded equals what the modules' own definitions give, worked out beside the hooks."""

import torch
from torch.nn import functional
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from polysteer.models.record import record
from polysteer.models.sites import describe_shape, find_sites
from support.families import of_families


def record_all(model: PreTrainedModel, ids: torch.Tensor) -> dict[tuple[str, int], torch.Tensor]:
    site_map = find_sites(model, list(describe_shape(model).width_by_site))
    parts: dict[tuple[str, int], dict[int, torch.Tensor]] = {}

    def keep(site: str, block: int, first_unit: int, values: torch.Tensor) -> None:
        parts.setdefault((site, block), {})[first_unit] = values.clone()

    with torch.no_grad(), record(model, site_map, keep) as recorder:
        recorder.run(ids)
    return {key: torch.cat([p[start] for start in sorted(p)], -1) for key, p in parts.items()}


def apply_linear(module: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    weight = module.weight.T if isinstance(module, Conv1D) else module.weight
    return functional.linear(x, weight, getattr(module, "bias", None))


def read_inputs(model: PreTrainedModel, module: torch.nn.Module, ids: torch.Tensor) -> torch.Tensor:
    seen = []
    handle = module.register_forward_pre_hook(lambda _module, args: seen.append(args[0].clone()))
    with torch.no_grad():
        model(input_ids=ids)
    handle.remove()
    return seen[0].view(*ids.shape, -1)  # OPT's MLP gets the tokens of all texts in one row


def test_recorded_values_follow_from_the_weights(family, model: PreTrainedModel, ids: torch.Tensor) -> None:
    recorded = record_all(model, ids)
    for block in range(2):
        inputs = [family.module(model, block, name) for name in (*family.qkv, family.attn_out)]
        by_hand = [apply_linear(module, read_inputs(model, module, ids)) for module in inputs]
        torch.testing.assert_close(recorded["attn.qkv", block], torch.cat(by_hand[:-1], -1))
        torch.testing.assert_close(recorded["attn.out", block], by_hand[-1])
        if family.mixture:
            continue
        down, up = family.module(model, block, family.down), family.module(model, block, family.up)
        by_hand_up = apply_linear(up, read_inputs(model, up, ids))
        torch.testing.assert_close(recorded["mlp.up", block], by_hand_up[..., family.up_columns])
        hidden = family.activation(recorded["mlp.up", block])
        if family.gate:
            gate = family.module(model, block, family.gate)
            by_hand_gate = apply_linear(gate, read_inputs(model, gate, ids))[..., family.gate_columns]
            torch.testing.assert_close(recorded["mlp.gate", block], by_hand_gate)
            hidden = family.activation(by_hand_gate) * recorded["mlp.up", block]
        torch.testing.assert_close(recorded["mlp.hidden", block], hidden, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(
            recorded["mlp.out", block], apply_linear(down, recorded["mlp.hidden", block])
        )


def test_block_outputs_are_the_models_own_hidden_states(model: PreTrainedModel, ids: torch.Tensor) -> None:
    recorded = record_all(model, ids)
    with torch.no_grad():
        hidden_states = model(input_ids=ids, output_hidden_states=True).hidden_states
    assert torch.equal(recorded["block.out", 0], hidden_states[1])


@of_families(lambda family: family.mixture is not None)
def test_a_mixture_of_experts_is_recorded_token_by_token(
    family, model: PreTrainedModel, ids: torch.Tensor
) -> None:
    experts = family.module(model, 1, family.mixture)
    by_hand = experts(read_inputs(model, experts, ids))
    torch.testing.assert_close(record_all(model, ids)["mlp.out", 1], by_hand)


def test_nothing_above_the_last_site_is_run(llama: PreTrainedModel, ids: torch.Tensor) -> None:
    ran = []
    for name, module in llama.named_modules():
        module.register_forward_pre_hook(lambda _module, _args, name=name: ran.append(name))
    seen = []
    with record(llama, find_sites(llama, ["attn.out"]), lambda *what: seen.append(what[:3])) as recorder:
        ran.clear()
        recorder.run(ids)
    assert seen == [("attn.out", 0, 0), ("attn.out", 1, 0)]
    assert "model.layers.0.mlp.down_proj" in ran
    assert not {"model.layers.1.mlp", "model.norm", "lm_head"} & set(ran)


def test_nothing_is_recorded_outside_of_run_or_after_it(llama: PreTrainedModel, ids: torch.Tensor) -> None:
    seen = []
    with record(llama, find_sites(llama, ["mlp.out"]), lambda *what: seen.append(what)):
        llama(input_ids=ids)
    assert not seen
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in llama.modules())
