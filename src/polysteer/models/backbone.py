"""The part of a model that turns token ids into hidden states, and how to call it."""

import inspect
from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from polysteer.models.trace import hidden_tensor


def find_backbone(model: PreTrainedModel) -> PreTrainedModel:
    """The model without its language-model head; of an encoder-decoder the encoder alone."""
    if model.config.is_encoder_decoder and hasattr(model, "decoder"):
        encoder = model.get_encoder()
        assert isinstance(encoder, PreTrainedModel)
        return encoder
    base = model.base_model
    assert isinstance(base, PreTrainedModel)
    if base is not model and base.config.is_encoder_decoder:
        return find_backbone(base)
    return base


def find_input_device(model: PreTrainedModel) -> torch.device:
    """Where token ids have to be, also when accelerate holds the weights elsewhere."""
    embeddings = find_backbone(model).get_input_embeddings()
    hook = getattr(embeddings, "_hf_hook", None)
    execution_device = getattr(hook, "execution_device", None)
    if execution_device is not None:
        return torch.device(execution_device)
    return next(embeddings.parameters()).device


def count_embeddings(model: PreTrainedModel) -> int:
    """How many tokens have an embedding."""
    weight = find_backbone(model).get_input_embeddings().weight
    assert isinstance(weight, Tensor)
    return weight.shape[0]


class StopForwardError(Exception):
    """Raised by a hook that has seen all it was waiting for: nothing above it needs to run."""


def run_backbone(
    backbone: PreTrainedModel,
    input_ids: Tensor,
    *,
    attention_mask: Tensor | None = None,
    position_ids: Tensor | None = None,
) -> Tensor | None:
    """The last hidden states, after the final norm; None where a hook stopped before. No head, no cache."""
    given: dict[str, Tensor | bool | None] = {"input_ids": input_ids, "attention_mask": attention_mask}
    if position_ids is not None and takes_position_ids(backbone):
        given["position_ids"] = position_ids
    if "use_cache" in accepted_names(type(backbone).forward):
        given["use_cache"] = False
    try:
        output = backbone(**given)
    except StopForwardError:
        return None
    hidden = output if isinstance(output, Tensor) else hidden_tensor(output[0])
    assert hidden is not None
    return hidden


def takes_position_ids(backbone: nn.Module) -> bool:
    """Whether positions counted from 0 may be passed; models that offset them count them themselves."""
    counts_itself = any(hasattr(m, "create_position_ids_from_input_ids") for m in backbone.modules())
    return "position_ids" in accepted_names(type(backbone).forward) and not counts_itself


@lru_cache(maxsize=64)
def accepted_names(function: Callable[..., object]) -> frozenset[str]:
    """The names of a function's arguments."""
    return frozenset(inspect.signature(function).parameters)
