"""A training run that can stop anywhere: weights, optimiser moments and losses so far in one file."""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from polysteer.artifacts import atomic_path
from polysteer.errors import ModelError

_MOMENTS = ("exp_avg", "exp_avg_sq", "step")
_KEY = "run"


def save_state(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, *, losses: list[float], stamp: str
) -> None:
    """Write the run as it stands after `len(losses)` steps; whole, or not at all."""
    tensors = {}
    for name, weight in model.named_parameters():
        tensors[f"weight.{name}"] = weight.detach()
        for moment in _MOMENTS:
            tensors[f"{moment}.{name}"] = optimizer.state[weight][moment]
    # One key: the writer puts several in an order that changes from run to run.
    metadata = {_KEY: json.dumps({"stamp": stamp, "losses": losses})}
    with atomic_path(path) as temporary:
        save_file({name: tensor.cpu().contiguous() for name, tensor in tensors.items()}, temporary, metadata)


def load_state(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, *, stamp: str) -> list[float]:
    """Put the run back as it was saved; the losses of the steps done, none where nothing was saved yet."""
    if not path.exists():
        return []
    try:
        with safe_open(path, framework="pt") as file:
            metadata = json.loads(file.metadata()[_KEY])
            _check_stamp(path, found=metadata["stamp"], wanted=stamp)
            for name, weight in model.named_parameters():
                weight.data.copy_(file.get_tensor(f"weight.{name}"))
                optimizer.state[weight] = {
                    moment: file.get_tensor(f"{moment}.{name}").to(
                        weight.device if moment != "step" else "cpu"
                    )
                    for moment in _MOMENTS
                }
            losses: list[float] = metadata["losses"]
    except (SafetensorError, KeyError, TypeError) as error:
        raise ModelError(
            f"the saved training state {path} is damaged ({error}): delete it and start again"
        ) from error
    return losses


def _check_stamp(path: Path, *, found: str, wanted: str) -> None:
    if found != wanted:
        raise ModelError(
            f"{path} was saved by another training plan (fingerprint {found}, this one is {wanted}): "
            "delete it, or train into another folder"
        )
