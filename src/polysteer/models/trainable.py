"""Whether a model's weights can be changed here, and the precision in which they are."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from transformers import PreTrainedModel

from polysteer.errors import ModelError
from polysteer.models.intervene import refuse_compiled


def check_trainable(model: PreTrainedModel) -> None:
    """Refuse a model that is quantised, or that does not stand whole on one device."""
    if getattr(model, "hf_quantizer", None) is not None:
        raise ModelError(
            f"{type(model).__name__} is quantised, and quantised weights cannot be trained; leave "
            "evaluate.finetune out, or take a checkpoint that is not quantised"
        )
    devices = sorted({str(parameter.device) for parameter in model.parameters()})
    if len(devices) > 1 or "meta" in devices:
        raise ModelError(
            f"{type(model).__name__} is spread over {', '.join(devices)} (meta: loaded when needed); "
            "to be trained it has to stand on one device: leave device_map or evaluate.finetune out"
        )


@contextmanager
def training(model: PreTrainedModel) -> Iterator[list[nn.Parameter]]:
    """Weights in fp32 with gradients inside, in the model's own precision and without gradients after.

    The model stays in evaluation mode: no dropout, so that nothing but the caller's draws is random.
    """
    check_trainable(model)
    refuse_compiled(model)
    precision = model.dtype
    nn.Module.to(model, torch.float32)
    parameters = list(model.parameters())
    try:
        with torch.inference_mode(False), torch.enable_grad():
            for parameter in parameters:
                parameter.requires_grad_(True)
            yield parameters
    finally:
        model.zero_grad(set_to_none=True)
        for parameter in parameters:
            parameter.requires_grad_(False)
        nn.Module.to(model, precision)
