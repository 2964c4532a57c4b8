"""Which linear map feeds which: one short forward pass, watched operation by operation.

Sites are found from this and not from module names. Every linear map's output starts a fresh trail;
every operation passes the trails of its inputs on. So the trails that arrive at a down projection
name its up and gate projections, those that arrive at the attention's output projection name q, k
and v, and those that arrive at a block's output name the maps that write to the residual stream.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers.pytorch_utils import Conv1D

# Operations that are linear in each operand: they carry a trail on without marking it as non-linear.
_ARITHMETIC = frozenset({"add", "sub", "mul", "div", "neg", "native_dropout", "dropout"})
_RESHAPES = frozenset(
    {"view", "_unsafe_view", "reshape", "as_strided", "t", "transpose", "permute", "expand"}
)
_COPIES = frozenset({"clone", "contiguous", "_to_copy", "copy", "detach", "alias"})
_PICKS = frozenset(
    {"slice", "select", "index", "index_select", "unsqueeze", "squeeze", "cat", "stack", "unbind"}
)
_SPLITS = frozenset({"split", "split_with_sizes"})
_PRODUCTS = frozenset({"mm", "addmm", "bmm", "baddbmm"})
_LINEAR_OPS = _ARITHMETIC | _RESHAPES | _COPIES | _PICKS | _SPLITS | _PRODUCTS
_OTHER_MIXERS = frozenset({"convolution", "cumsum", "cumprod"})


class Columns(NamedTuple):
    """Some of the columns of a linear map's output."""

    module: str
    start: int
    stop: int
    step: int


@dataclass(frozen=True)
class Trail:
    """What happened to some columns on the way to where they are now."""

    nonlinear: bool = False
    mixed: bool = False  # over tokens
    roles: frozenset[str] = frozenset()  # of "q", "k", "v", "gate", "up"

    def join(self, other: "Trail") -> "Trail":
        """Both ways at once."""
        return Trail(self.nonlinear or other.nonlinear, self.mixed or other.mixed, self.roles | other.roles)


Trails = dict[Columns, Trail]


class LinearCall(NamedTuple):
    """One linear map, as it was used."""

    module: str
    n_in: int
    n_out: int
    arriving: Trails


class OutputSeen(NamedTuple):
    """What a watched module gave: its hidden states' width and their trails."""

    width: int
    trails: Trails


@dataclass
class Trace:
    """All linear maps in the order of their calls, and the outputs of the watched modules."""

    linear_calls: dict[str, LinearCall] = field(default_factory=dict)
    outputs: dict[str, OutputSeen] = field(default_factory=dict)


def is_linear(module: nn.Module) -> bool:
    """Whether a module is y = x W + b, in whichever class and precision."""
    if isinstance(module, nn.Linear | Conv1D):
        return True
    sizes = (getattr(module, "in_features", None), getattr(module, "out_features", None))
    return all(isinstance(size, int) for size in sizes) and not list(module.children())


def hidden_tensor(output: object) -> Tensor | None:
    """The hidden states in what a module returned: itself, or the first tensor of a tuple."""
    if isinstance(output, Tensor):
        return output
    if isinstance(output, tuple | list):
        return next((part for part in output if isinstance(part, Tensor)), None)
    return None


@contextmanager
def watch_flow(model: nn.Module, *, watched: frozenset[str]) -> Iterator[Trace]:
    """Trace the forward pass that runs inside; `watched` names modules whose outputs to keep."""
    trace, mode = Trace(), _FlowMode()
    handles = []
    for name, module in model.named_modules():
        if is_linear(module):
            handles.append(module.register_forward_hook(_linear_hook(name, trace, mode)))
        elif name in watched:
            handles.append(module.register_forward_hook(_output_hook(name, trace, mode)))
    try:
        with torch.no_grad(), mode:
            yield trace
    finally:
        for handle in handles:
            handle.remove()


def _linear_hook(name: str, trace: Trace, mode: "_FlowMode") -> Any:
    def hook(_module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        arriving = mode.trails_of(inputs[0])
        trace.linear_calls[name] = LinearCall(name, inputs[0].shape[-1], output.shape[-1], arriving)
        mode.set_trails(output, {Columns(name, 0, output.shape[-1], 1): Trail()})

    return hook


def _output_hook(name: str, trace: Trace, mode: "_FlowMode") -> Any:
    def hook(_module: nn.Module, _inputs: object, output: object) -> None:
        hidden = hidden_tensor(output)
        if hidden is not None:
            trace.outputs[name] = OutputSeen(hidden.shape[-1], mode.trails_of(hidden))

    return hook


class _FlowMode(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Carries trails from the inputs of every operation to its outputs."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        # The tensor is kept beside its trails so that its id stays its own.
        self._by_id: dict[int, tuple[Tensor, Trails]] = {}

    def trails_of(self, tensor: Tensor) -> Trails:
        return self._by_id.get(id(tensor), (tensor, {}))[1]

    def set_trails(self, tensor: Tensor, trails: Trails) -> None:
        self._by_id[id(tensor)] = (tensor, trails)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        leaves = tree_leaves((args, kwargs))
        operands = [(leaf, self.trails_of(leaf)) for leaf in leaves if isinstance(leaf, Tensor)]
        labelled = [trails for _, trails in operands if trails]
        if labelled:
            name = func.overloadpacket.__name__.rstrip("_")
            trails = _combine(name, labelled)
            parts = [part for part in tree_leaves(out) if isinstance(part, Tensor)]
            for part, own in zip(parts, _narrow(name, args, parts, trails), strict=True):
                self.set_trails(part, own)
        return out


def _combine(name: str, operands: list[Trails]) -> Trails:
    """The trails after one operation on these operands."""
    if "attention" in name or "attn" in name:
        roles = ("q", "k", "v")
        operands = [
            _mark(trails, mixed=True, role=roles[i] if i < len(roles) else None)
            for i, trails in enumerate(operands)
        ]
    elif name in _PRODUCTS and len(operands) > 1:
        operands = _mix_by_product(operands)
    elif name == "mul" and len(operands) == 2 and not set(operands[0]) & set(operands[1]):
        operands = _gate_by_product(operands)
    elif name in _OTHER_MIXERS:
        operands = [_mark(trails, mixed=True) for trails in operands]
    nonlinear = name not in _LINEAR_OPS and "attention" not in name
    joined: Trails = {}
    for trails in operands:
        for columns, trail in trails.items():
            now = Trail(trail.nonlinear or nonlinear, trail.mixed, trail.roles)
            joined[columns] = now.join(joined[columns]) if columns in joined else now
    return joined


def _mix_by_product(operands: list[Trails]) -> list[Trails]:
    """Scores times values if one operand holds scores already, else queries times keys."""
    holds_scores = [any(trail.mixed for trail in trails.values()) for trails in operands]
    if any(holds_scores):
        return [
            trails if scores else _mark(trails, mixed=True, role="v")
            for trails, scores in zip(operands, holds_scores, strict=True)
        ]
    queries, keys = operands[-2:]
    return [*operands[:-2], _mark(queries, mixed=True, role="q"), _mark(keys, mixed=True, role="k")]


def _gate_by_product(operands: list[Trails]) -> list[Trails]:
    """Of two factors, the one that went through a non-linearity is the gate."""
    bent = [all(trail.nonlinear for trail in trails.values()) for trails in operands]
    straight = [not any(trail.nonlinear for trail in trails.values()) for trails in operands]
    if bent[0] and straight[1]:
        return [_mark(operands[0], role="gate"), _mark(operands[1], role="up")]
    if bent[1] and straight[0]:
        return [_mark(operands[0], role="up"), _mark(operands[1], role="gate")]
    return operands


def _mark(trails: Trails, *, mixed: bool = False, role: str | None = None) -> Trails:
    roles = frozenset() if role is None else frozenset({role})
    return {columns: trail.join(Trail(mixed=mixed, roles=roles)) for columns, trail in trails.items()}


def _narrow(name: str, args: tuple[Any, ...], parts: list[Tensor], trails: Trails) -> list[Trails]:
    """The trails of each output: where a whole linear output was cut along its columns, the cut ones."""
    same = [trails] * len(parts)
    if name not in _SPLITS and name != "slice":
        return same
    source: Tensor = args[0]
    n_dims, dim = source.dim(), args[2] if name in _SPLITS and len(args) > 2 else 0
    if name == "slice":
        dim = args[1] if len(args) > 1 else 0
    if dim % n_dims != n_dims - 1 or len(trails) != 1:
        return same
    (columns, trail), width = next(iter(trails.items())), source.shape[-1]
    if width != len(range(columns.start, columns.stop, columns.step)):
        return same  # reshaped on the way: columns no longer mean units
    if name == "slice":
        start, stop, step = slice(*args[2:5]).indices(width)
        cuts = [(start, stop, step)]
    else:
        ends = torch.tensor([part.shape[-1] for part in parts]).cumsum(0).tolist()
        cuts = [(end - part.shape[-1], end, 1) for end, part in zip(ends, parts, strict=True)]
    return [
        {
            Columns(
                columns.module,
                columns.start + start * columns.step,
                columns.start + stop * columns.step,
                columns.step * step,
            ): trail
        }
        for start, stop, step in cuts
    ]
