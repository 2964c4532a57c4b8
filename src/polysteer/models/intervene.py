"""Hold neurons while a model reads or writes: masks and edits as hooks that leave nothing behind."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import groupby
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from polysteer.errors import InterventionError
from polysteer.masks.chosen import ChosenSettings, settle
from polysteer.masks.edits import Edit, NeuronEdit, SubspaceEdit
from polysteer.models.anatomy import Tap
from polysteer.models.backbone import find_backbone
from polysteer.models.changes import Change, Columns, Subspace, choose_change, compose_columns
from polysteer.models.positions import Positions
from polysteer.models.shape import ModelShape
from polysteer.models.sites import Overrides, SiteMap, describe_shape, find_sites
from polysteer.models.trace import hidden_tensor
from polysteer.terms import Where

_Part = Columns | Subspace
# A norm adds up squares, of a neuron's value times its weights: well below fp32's end, above all real values.
_MOST = 1e12


class Mask(Protocol):
    """What can be put on a model: `ExpertMask`, and anything that says its edits and what it fits."""

    @property
    def chosen(self) -> ChosenSettings | None:
        """The settings that it was chosen with, if it was."""

    def check_fits(self, shape: ModelShape) -> None:
        """Raise MaskError if it was made for another shape of model."""

    def edits(
        self, *, intervention: str | None, strength: float, blocks: Collection[int] | None
    ) -> Sequence[Edit]:
        """What it does to which neurons."""


@contextmanager
def intervene(
    model: PreTrainedModel,
    mask: Mask,
    *,
    strength: float | None = None,
    intervention: str | None = None,
    where: Where | None = None,
    blocks: Collection[int] | None = None,
    overrides: Overrides | None = None,
) -> Iterator[None]:
    """Hold a mask's neurons in every forward pass and every generation inside the `with` block.

    What is left out is as the mask was chosen; of one that was not, strength 1 at all real tokens.
    """
    refuse_compiled(model)
    mask.check_fits(describe_shape(model, overrides=overrides))
    settled = settle(mask.chosen, strength=strength, where=where)
    edits = mask.edits(intervention=intervention, strength=settled.strength, blocks=blocks)
    with apply_edits(model, edits, where=settled.where, overrides=overrides):
        yield


@contextmanager
def apply_edits(
    model: PreTrainedModel,
    edits: Sequence[Edit],
    *,
    where: Where = "real",
    overrides: Overrides | None = None,
) -> Iterator[None]:
    """Change neurons at the tokens `where`: `real` ones, the `last` real one of each text, or `all`.

    Edits of one site act in their order; of nested interventions the inner one acts first. Values are
    changed in place where no gradient is asked for, so that what a caller's own hook kept may change.
    """
    refuse_compiled(model)
    for edit in edits:
        _refuse_overflow(edit, model.dtype)
    site_map = find_sites(model, list(dict.fromkeys(edit.site for edit in edits)), overrides=overrides)
    positions = Positions(model, where)
    with ExitStack() as stack:
        backbone = find_backbone(model)
        handle = backbone.register_forward_pre_hook(positions.see_inputs, prepend=True, with_kwargs=True)
        stack.callback(handle.remove)
        for site, parts in _group_by_module(site_map, edits).items():
            hook = _EditHook(positions, parts, is_private=site.is_private)
            module = model.get_submodule(site.module)
            if site.side == "input":
                handle = module.register_forward_pre_hook(hook.edit_input, prepend=True)
            else:
                handle = module.register_forward_hook(hook.edit_output, prepend=True)
            stack.callback(handle.remove)
        yield


def refuse_compiled(model: nn.Module) -> None:
    """Raise if the model is compiled: its graph may have been cut before the hooks were there."""
    compiled = type(model).__name__ == "OptimizedModule" or any(
        getattr(module, "_compiled_call_impl", None) is not None for module in model.modules()
    )
    if compiled:
        raise InterventionError(
            "the model is compiled, and a compiled model may run without the intervention; intervene on the "
            "model that was given to torch.compile, and compile nothing inside"
        )


def _refuse_overflow(edit: Edit, dtype: torch.dtype) -> None:
    """Raise where a number is so large that a norm after it has to take it for infinite, and gives zeros."""
    most = min(torch.finfo(dtype).max, _MOST)
    if isinstance(edit, SubspaceEdit):
        if not (np.abs(edit.mean) <= most).all():
            raise InterventionError(
                f"the mean of a subspace at {edit.site} block {edit.block} is above {most:g}"
            )
        return
    fits = (np.abs(edit.gain) <= most) & (np.abs(edit.shift) <= most)
    if not fits.all():
        row = int(fits.argmin())
        raise InterventionError(
            f"{edit.site} block {edit.block} unit {edit.units[row]} is taken to {edit.gain[row]:g} x + "
            f"{edit.shift[row]:g}, and a model in {str(dtype).removeprefix('torch.')} carries no number "
            f"above {most:g}; give the mask another value"
        )


class _Site(NamedTuple):
    """A module's input or output that is changed, and whether nobody else reads it."""

    module: str
    side: Literal["input", "output"]
    is_private: bool


class _EditHook:
    """Changes one module's input or output by its parts, in order."""

    def __init__(self, positions: Positions, parts: Sequence[_Part], *, is_private: bool) -> None:
        self._positions, self._parts, self._is_private = positions, parts, is_private
        self._changes: list[Change] | None = None

    def edit_input(self, module: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
        if not args:
            raise InterventionError(f"a {type(module).__name__} was called by keyword; its input is unknown")
        return (self._edit(args[0]), *args[1:])

    def edit_output(self, module: nn.Module, _args: object, output: object) -> object:
        hidden = hidden_tensor(output)
        if hidden is None:
            raise InterventionError(f"a {type(module).__name__} returned no tensor, so it cannot be changed")
        edited = self._edit(hidden)
        if isinstance(output, tuple | list):
            return type(output)(edited if part is hidden else part for part in output)
        return edited

    def _edit(self, hidden: Tensor) -> Tensor:
        if torch.compiler.is_compiling():
            raise InterventionError("nothing can be compiled inside an intervention; call the plain model")
        if self._changes is None:
            self._changes = _plan_changes(self._parts, hidden.shape[-1])
        in_place = self._is_private and not hidden.requires_grad
        for change in self._changes:
            hidden = self._positions.apply(change, hidden, in_place=in_place)
        return hidden


def _group_by_module(site_map: SiteMap, edits: Iterable[Edit]) -> dict[_Site, list[_Part]]:
    """Each edit cut into what it does to single modules."""
    parts_by_site: dict[_Site, list[_Part]] = defaultdict(list)
    for edit in edits:
        if not 0 <= edit.block < site_map.n_blocks:
            raise InterventionError(
                f"an edit of {edit.site} is for block {edit.block}; the model has blocks 0 to "
                f"{site_map.n_blocks - 1}"
            )
        taps = site_map.taps[edit.site, edit.block]
        cut = _cut_neurons(edit, taps) if isinstance(edit, NeuronEdit) else _cut_subspace(edit, taps)
        for tap, part in cut:
            parts_by_site[_Site(tap.module, tap.side, tap.is_private)].append(part)
    return parts_by_site


def _cut_neurons(edit: NeuronEdit, taps: Sequence[Tap]) -> Iterator[tuple[Tap, _Part]]:
    width, first = sum(tap.width for tap in taps), 0
    if len(edit.units) and (edit.units.min() < 0 or edit.units.max() >= width):
        raise InterventionError(
            f"an edit of {edit.site} in block {edit.block} is for the units {edit.units.min()} to "
            f"{edit.units.max()}; the site has units 0 to {width - 1}"
        )
    for tap in taps:
        here = (edit.units >= first) & (edit.units < first + tap.width)
        columns = tap.start + (edit.units[here] - first) * tap.step
        if len(columns):
            yield tap, Columns(columns, edit.gain[here].astype(float), edit.shift[here].astype(float))
        first += tap.width


def _cut_subspace(edit: SubspaceEdit, taps: Sequence[Tap]) -> Iterator[tuple[Tap, _Part]]:
    if len(taps) != 1:
        raise InterventionError(
            f"{edit.site} of this model comes from {len(taps)} modules, and a subspace across modules "
            "cannot be taken out; choose another site"
        )
    if edit.left.shape[0] != taps[0].width:
        raise InterventionError(
            f"a subspace of width {edit.left.shape[0]} does not fit {edit.site}, {taps[0].width} wide"
        )
    yield taps[0], Subspace(edit, slice(taps[0].start, taps[0].stop, taps[0].step))


def _plan_changes(parts: Iterable[_Part], width: int) -> list[Change]:
    """Parts in order, runs of column changes composed into one."""
    changes: list[Change] = []
    for is_subspace, run in groupby(parts, key=lambda part: isinstance(part, Subspace)):
        if is_subspace:
            changes.extend(part for part in run if isinstance(part, Subspace))
        else:
            columns = compose_columns(part for part in run if isinstance(part, Columns))
            changes.append(choose_change(columns, width))
    return changes
