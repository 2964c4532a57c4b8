import pytest
import torch
from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from polysteer.errors import SiteError
from polysteer.models.sites import describe_shape, explain_absent_sites, find_sites
from polysteer.terms import SITES


def expected_modules(family, site: str, block: int) -> list[str]:
    names = {
        "mlp.hidden": [family.down],
        "mlp.up": [family.up],
        "mlp.gate": [family.gate],
        "mlp.out": [family.mixture or family.down],
        "attn.qkv": list(family.qkv),
        "attn.out": [family.attn_out],
    }[site]
    prefix = family.block.replace("*", str(block))
    return [f"{prefix}.{name}" for name in names if name]


def test_every_site_is_the_module_that_the_family_has_for_it(family, model: PreTrainedModel) -> None:
    present = [site for site in SITES if site == "block.out" or expected_modules(family, site, 0)]
    assert list(describe_shape(model).width_by_site) == present
    site_map = find_sites(model, present)
    for block in range(site_map.n_blocks):
        for site in present:
            modules = [tap.module for tap in site_map.taps[site, block]]
            expected = [family.block.replace("*", str(block))]
            assert modules == (expected if site == "block.out" else expected_modules(family, site, block))
            sides = {tap.side for tap in site_map.taps[site, block]}
            assert sides == {"input" if site == "mlp.hidden" else "output"}


def test_widths_are_those_of_the_weights(family, model: PreTrainedModel) -> None:
    widths = describe_shape(model).width_by_site

    def n_out(name: str) -> int:
        module = family.module(model, 0, name)
        return module.nf if isinstance(module, Conv1D) else module.out_features

    assert widths["attn.qkv"] == sum(n_out(name) for name in family.qkv)
    assert widths["attn.out"] == widths["mlp.out"] == widths["block.out"] == 32
    if family.down:
        down = family.module(model, 0, family.down)
        assert widths["mlp.hidden"] == (down.nx if isinstance(down, Conv1D) else down.in_features)


def test_a_model_without_weights_has_the_same_shape(family, model: PreTrainedModel) -> None:
    with torch.device("meta"):
        skeleton = family.model_class(family.config())
    if skeleton.config.is_encoder_decoder:
        skeleton = skeleton.get_encoder()
    if family.mixture:
        skeleton.set_experts_implementation("batched_mm")
    assert describe_shape(skeleton.eval()).fingerprint == describe_shape(model).fingerprint


def test_absent_sites_are_explained(model: PreTrainedModel) -> None:
    absent = explain_absent_sites(model)
    assert set(absent) == set(SITES) - set(describe_shape(model).width_by_site)
    for site in absent:
        with pytest.raises(SiteError, match=r"mixture of experts|no gate"):
            find_sites(model, [site])


def test_shape_changes_with_every_part_of_it(llama: PreTrainedModel) -> None:
    shape = describe_shape(llama)
    assert shape.count_neurons(("mlp.hidden", "attn.out")) == 2 * (48 + 32)
    config = type(llama.config)(**{**llama.config.to_dict(), "intermediate_size": 64})
    assert describe_shape(type(llama)(config)).fingerprint != shape.fingerprint


def test_an_unknown_site_is_named(llama: PreTrainedModel) -> None:
    with pytest.raises(SiteError, match=r"'mlp.hiden' is not a site; there are mlp.hidden"):
        find_sites(llama, ["mlp.hiden"])


def test_overrides_take_the_place_of_what_was_found(llama: PreTrainedModel) -> None:
    patterns = {
        "attn.qkv": ["model.layers.*.self_attn.v_proj", "model.layers.*.self_attn.q_proj"],
        "mlp.hidden": "model.layers.*.self_attn.o_proj",
    }
    site_map = find_sites(llama, ["attn.qkv", "mlp.hidden", "mlp.out"], overrides=patterns)
    assert [tap.module for tap in site_map.taps["attn.qkv", 1]] == [
        "model.layers.1.self_attn.v_proj",
        "model.layers.1.self_attn.q_proj",
    ]
    assert site_map.width_by_site == {"attn.qkv": 16 + 32, "mlp.hidden": 32, "mlp.out": 32}
    assert site_map.taps["mlp.hidden", 0][0].side == "input"
    with pytest.raises(SiteError, match=r"LlamaForCausalLM has no module model.layers.0.mlp.c_proj"):
        find_sites(llama, ["mlp.out"], overrides={"mlp.out": "model.layers.*.mlp.c_proj"})
    with pytest.raises(SiteError, match="of unknown width"):
        find_sites(llama, ["mlp.out"], overrides={"mlp.out": "model.layers.*.mlp"})
    with pytest.raises(SiteError, match="`:input` or `:output`"):
        find_sites(llama, ["mlp.out"], overrides={"mlp.out": "model.layers.*.mlp.up_proj:in"})


def test_overrides_serve_a_model_whose_structure_says_nothing(llama: PreTrainedModel) -> None:
    def launder(_module: nn.Module, _args: object, output: object) -> object:
        """Values that come from nowhere, as from code outside of torch."""
        if isinstance(output, tuple):
            return (launder(_module, _args, output[0]), *output[1:])
        return torch.from_numpy(output.numpy().copy())

    for layer in llama.model.layers:
        layer.self_attn.register_forward_hook(launder)
        layer.mlp.register_forward_hook(launder)
    assert list(describe_shape(llama).width_by_site) == ["block.out"]
    with pytest.raises(
        SiteError, match=r"no mlp.hidden in block 0 .*: 0 modules look like .* name its module"
    ):
        find_sites(llama, ["mlp.hidden"])
    patterns = {"mlp.hidden": "model.layers.*.mlp.down_proj"}
    assert find_sites(llama, ["mlp.hidden"], overrides=patterns).width_by_site == {"mlp.hidden": 48}
