"""What a traced forward pass says about every block: which module's columns are which site."""

from dataclasses import dataclass
from typing import Literal, NamedTuple
from weakref import WeakKeyDictionary

import torch
from torch import nn
from transformers import PreTrainedModel

from polysteer.errors import SiteError
from polysteer.models.backbone import find_backbone, find_input_device
from polysteer.models.trace import Columns, LinearCall, Trace, Trails, is_linear, watch_flow

_EXPERTS_REASON = (
    "its MLP is a mixture of experts, where a hidden neuron exists only for tokens that are routed to it; "
    "use mlp.out, attn.qkv, attn.out or block.out"
)


class Tap(NamedTuple):
    """Columns of what goes into a module (`input`) or comes out of it (`output`)."""

    module: str
    side: Literal["input", "output"]
    start: int
    stop: int
    step: int
    is_private: bool = True  # whether nothing else reads the tensor, so that it may be changed in place

    @property
    def width(self) -> int:
        """How many units there are."""
        return len(range(self.start, self.stop, self.step))


@dataclass(frozen=True)
class BlockAnatomy:
    """One block: its sites, and why the others are not there."""

    module: str
    taps: dict[str, tuple[Tap, ...]]
    absent: dict[str, str]


@dataclass(frozen=True)
class Anatomy:
    """All blocks of a model, in order, and the width of its residual stream."""

    blocks: tuple[BlockAnatomy, ...]
    width: int


_known: WeakKeyDictionary[nn.Module, Anatomy] = WeakKeyDictionary()


def dissect_model(model: PreTrainedModel) -> Anatomy:
    """Find the sites of every block; a model is traced once and remembered while it lives."""
    if model not in _known:
        _known[model] = _dissect(model)
    return _known[model]


def _dissect(model: PreTrainedModel) -> Anatomy:
    stacks = _find_stacks(model)
    experts = {name: _find_experts(model, name) for stack in stacks for name in stack}
    watched = frozenset(experts) | {name for name in experts.values() if name}
    trace = _trace_model(model, watched)
    used = [stack for stack in stacks if all(name in trace.outputs for name in stack)]
    dissected = [[_dissect_block(trace, name, experts[name]) for name in stack] for stack in used]
    found = [blocks for blocks in dissected if any(set(block.taps) - {"block.out"} for block in blocks)]
    real = found or dissected  # a single stack is the model's blocks even where no site was found in it
    if len(real) != 1:
        raise SiteError(
            f"{type(model).__name__}: found {len(real)} stacks of blocks that hold attention or an MLP, "
            "need exactly one; such a model cannot be steered yet"
        )
    return Anatomy(tuple(real[0]), width=trace.outputs[real[0][0].module].width)


def _trace_model(model: PreTrainedModel, watched: frozenset[str]) -> Trace:
    ids = torch.arange(3, 6, device=find_input_device(model))[None]  # three tokens of any vocabulary
    was_training = model.training
    model.train(False)
    try:
        with watch_flow(model, watched=watched) as trace:
            find_backbone(model)(input_ids=ids)  # with its cache: without, meta tensors meet `.item()`
    finally:
        model.train(was_training)
    return trace


def _find_stacks(model: nn.Module) -> list[list[str]]:
    """The names of the members of every module list that is not inside another."""
    stacks: list[list[str]] = []
    outer: list[str] = []
    for name, module in model.named_modules():
        if isinstance(module, nn.ModuleList) and not any(name.startswith(f"{o}.") for o in outer):
            outer.append(name)
            stacks.append([f"{name}.{i}" for i in range(len(module))])
    return [stack for stack in stacks if stack]


def _find_experts(model: nn.Module, block: str) -> str | None:
    """The name of a block's mixture of experts: the child under which the bank of experts stands."""
    block_module = model.get_submodule(block)
    for name, module in block_module.named_modules():
        if name and _is_expert_bank(module):
            return f"{block}.{name.split('.')[0]}"
    return None


def _is_expert_bank(module: nn.Module) -> bool:
    if isinstance(module, nn.ModuleList):
        members = list(module)
        alike = len(members) > 1 and len({type(member) for member in members}) == 1
        return alike and any(is_linear(part) for part in members[0].modules())
    is_convolution = isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d)
    return not is_convolution and any(p.ndim == 3 for p in module.parameters(recurse=False))


def _dissect_block(trace: Trace, block: str, experts: str | None) -> BlockAnatomy:
    out = trace.outputs[block]
    taps: dict[str, tuple[Tap, ...]] = {"block.out": (Tap(block, "output", 0, out.width, 1),)}
    absent: dict[str, str] = {}
    attention, downs = _find_writers(trace, block, experts)
    if len(attention) == 1:
        taps["attn.out"] = (_whole_output(attention[0]),)
        _find_qkv(trace, attention[0], taps, absent)
    else:
        reason = f"{len(attention)} modules write an attention's result to the residual stream"
        absent |= {"attn.out": reason, "attn.qkv": reason}
    if experts is not None:
        absent |= dict.fromkeys(("mlp.hidden", "mlp.up", "mlp.gate"), _EXPERTS_REASON)
        taps["mlp.out"] = (Tap(experts, "output", 0, trace.outputs[experts].width, 1),)
    elif len(downs) == 1:
        taps["mlp.hidden"] = (Tap(downs[0].module, "input", 0, downs[0].n_in, 1),)
        taps["mlp.out"] = (_whole_output(downs[0]),)
        _find_up_and_gate(downs[0], taps, absent)
    else:
        reason = f"{len(downs)} modules look like the down projection of an MLP"
        absent |= dict.fromkeys(("mlp.hidden", "mlp.up", "mlp.gate", "mlp.out"), reason)
    return BlockAnatomy(block, taps, absent)


def _find_writers(trace: Trace, block: str, experts: str | None) -> tuple[list[LinearCall], list[LinearCall]]:
    """The linear maps of a block that write to the residual stream: after attention, and after an MLP."""
    names = dict.fromkeys(columns.module for columns in trace.outputs[block].trails)
    attention: list[LinearCall] = []
    downs: list[LinearCall] = []
    for name in names:
        inside = name.startswith(f"{block}.") and not (experts and name.startswith(f"{experts}."))
        call = trace.linear_calls[name]
        local = call.arriving and all(source.module.startswith(f"{block}.") for source in call.arriving)
        if inside and local:
            mixed = any(trail.mixed for trail in call.arriving.values())
            (attention if mixed else downs).append(call)
    return attention, downs


def _find_qkv(
    trace: Trace, out: LinearCall, taps: dict[str, tuple[Tap, ...]], absent: dict[str, str]
) -> None:
    by_role = [_modules_with_role(out.arriving, role) for role in ("q", "k", "v")]
    if all(len(modules) == 1 for modules in by_role):
        modules = dict.fromkeys(modules[0] for modules in by_role)
        taps["attn.qkv"] = tuple(_whole_output(trace.linear_calls[name]) for name in modules)
    else:
        counts = ", ".join(f"{role}: {len(m)}" for role, m in zip("qkv", by_role, strict=True))
        absent["attn.qkv"] = f"queries, keys and values do not come from one module each ({counts})"


def _modules_with_role(trails: Trails, role: str) -> list[str]:
    return list(dict.fromkeys(columns.module for columns, trail in trails.items() if role in trail.roles))


def _find_up_and_gate(down: LinearCall, taps: dict[str, tuple[Tap, ...]], absent: dict[str, str]) -> None:
    sources = list(down.arriving.items())
    up = [columns for columns, trail in sources if trail.roles == {"up"}]
    gate = [columns for columns, trail in sources if trail.roles == {"gate"}]
    if len(sources) == 1:
        up, absent["mlp.gate"] = [sources[0][0]], "its MLP has no gate"
    if len(up) == 1 and _tap_columns(up[0]).width == down.n_in and len(gate) == len(sources) - 1 <= 1:
        taps["mlp.up"] = (_tap_columns(up[0]),)
        if gate:
            taps["mlp.gate"] = (_tap_columns(gate[0]),)
    else:
        reason = f"its structure does not say which columns feed {down.module} as gate and which as up"
        absent |= {"mlp.up": reason, "mlp.gate": reason}


def _tap_columns(columns: Columns) -> Tap:
    return Tap(columns.module, "output", columns.start, columns.stop, columns.step)


def _whole_output(call: LinearCall) -> Tap:
    return Tap(call.module, "output", 0, call.n_out, 1)
