"""Find a multilingual model's language neurons, steer them, and know what that did."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from polysteer.embeddings.encoder import SteeredEncoder
    from polysteer.masks.mask import ExpertMask
    from polysteer.models.intervene import intervene
    from polysteer.models.loading import load_model

__all__ = ["ExpertMask", "SteeredEncoder", "intervene", "load_model"]

_HOMES = {
    "ExpertMask": "polysteer.masks.mask",
    "SteeredEncoder": "polysteer.embeddings.encoder",
    "intervene": "polysteer.models.intervene",
    "load_model": "polysteer.models.loading",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: torch costs seconds, and most commands need none."""
    if name not in _HOMES:
        raise AttributeError(f"module 'polysteer' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
