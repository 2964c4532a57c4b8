"""At which tokens an intervention acts, worked out anew from the inputs of every forward pass."""

from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from polysteer.errors import InterventionError
from polysteer.models.backbone import find_input_device
from polysteer.models.batches import find_span
from polysteer.models.changes import Change
from polysteer.models.tokens import mark_real, recall_special_ids
from polysteer.terms import Where

# Up to this fraction of the tokens, those that are not held are put back after a change of all: a half to a
# fifth of the time that choosing among the values takes (a CPU, benchmarks/models.py).
_FEW = 0.3


class Positions:
    """Applies changes to the hidden states of the tokens that count, and leaves the others as they are."""

    def __init__(self, model: PreTrainedModel, where: Where) -> None:
        if where not in ("real", "last", "all"):
            raise InterventionError(f"where is {where!r}; it can be real, last or all")
        self._where = where
        self._special_ids = torch.tensor(
            recall_special_ids(model), dtype=torch.int64, device=find_input_device(model)
        )
        self._shape: tuple[int, int] | None = None  # texts and tokens of the pass under way
        self._held: Tensor | None = None  # [text, token, 1]; None where all tokens are held
        self._span: slice | None = None  # the columns of the held, where every row has the same
        self._spared: Tensor | None = None  # the numbers of the others, text after text, where they are few

    def see_inputs(self, _backbone: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """A hook on the backbone: which tokens this pass holds."""
        input_ids = kwargs.get("input_ids", args[0] if args else None)
        shaped = input_ids if input_ids is not None else kwargs.get("inputs_embeds")
        if shaped is None:
            raise InterventionError("the model was called without input_ids; pass them by name")
        self._shape = (shaped.shape[0], shaped.shape[1])
        if self._where == "all":
            return
        mask = kwargs.get("attention_mask", args[1] if len(args) > 1 else None)
        if mask is not None and (not isinstance(mask, Tensor) or mask.ndim != 2):
            raise InterventionError(
                "the model was called with a ready-made attention mask, which does not say which tokens are "
                "padding; pass one of shape (texts, tokens), or intervene with where='all'"
            )
        # While it generates, a model gets the mask of all tokens so far, and the ids of the new ones.
        recent = None if mask is None else mask[:, -self._shape[1] :]
        real = mark_real(input_ids, recent, self._special_ids)
        self._hold(_keep_last(real, shaped) if self._where == "last" else real)

    def apply(self, change: Change, hidden: Tensor, *, in_place: bool) -> Tensor:
        """The hidden states after a change: the same tensor if `in_place`."""
        if self._shape is None:
            raise InterventionError("a part of the model was called by itself; call the whole model")
        if self._held is None:
            return change.apply(hidden, None, in_place=in_place)
        by_text = hidden.view(*self._shape, -1) if hidden.ndim == 2 else hidden
        if by_text.shape[:2] != self._shape:
            raise InterventionError(
                f"a module works on {tuple(by_text.shape[:2])} texts and tokens where the model was given "
                f"{self._shape}; which of them are real is unknown, so intervene with where='all'"
            )
        if in_place and self._span is not None:
            change.apply(by_text[:, self._span], None, in_place=True)
            return hidden
        if in_place and self._spared is not None and hidden.is_contiguous() and not change.takes_mask:
            by_token, spared = hidden.view(-1, hidden.shape[-1]), self._spared.to(hidden.device)
            were = by_token.index_select(0, spared)
            change.apply(by_token, None, in_place=True)
            by_token.index_copy_(0, spared, were)
            return hidden
        held = self._held.to(hidden.device)
        return change.apply(by_text, held, in_place=in_place).view_as(hidden)

    def _hold(self, held: Tensor | None) -> None:
        self._held, self._span, self._spared = None, None, None
        if held is None:
            return
        if held.device.type == "cpu":  # elsewhere, looking would make the device wait
            self._span = find_span(held)
            if self._span == slice(0, held.shape[1]):
                return
            if self._span is None:
                spared = (~held).flatten().nonzero()[:, 0]
                self._spared = spared if len(spared) <= _FEW * held.numel() else None
        self._held = held[..., None]


def _keep_last(real: Tensor | None, shaped: Tensor) -> Tensor:
    """Of each row's real tokens the last."""
    if real is None:
        real = torch.ones(shaped.shape[:2], dtype=torch.bool, device=shaped.device)
    from_right = real.flip(1).int()
    is_first_seen = (from_right.cumsum(1) == 1) & from_right.bool()
    return is_first_seen.flip(1)
