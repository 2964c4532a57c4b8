"""A model's config.json as it is written, looked over before anything is built from it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polysteer.errors import ModelError

MOST_BLOCKS = 500  # the most known are 126, and looking at a model takes time by their square
MOST_UNITS, MOST_POSITIONS = 10_000_000, 10**12
_BLOCKS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers")
_HEADS = ("num_attention_heads", "n_head", "n_heads", "num_heads", "encoder_attention_heads")
_WIDTHS = ("hidden_size", "n_embd", "d_model", "intermediate_size", "n_inner", "ffn_dim", "d_ff", "d_kv")
_OTHERS = ("head_dim", "vocab_size", "num_key_value_heads")
LIMITS = {
    **dict.fromkeys(_BLOCKS, MOST_BLOCKS),
    **dict.fromkeys((*_HEADS, *_WIDTHS, *_OTHERS), MOST_UNITS),
    **dict.fromkeys(("max_position_embeddings", "n_positions"), MOST_POSITIONS),
}
_PARTS = ("text_config", "encoder", "decoder")  # where the sizes of a model of several parts stand


def read_json(path: Path) -> Any:
    """What a file of a model's folder holds."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} is not JSON: {error}; copy it anew from where the model is") from error


def read_config(folder: Path) -> dict[str, Any]:
    """A folder's config.json as it is written."""
    path = folder / "config.json"
    if not path.is_file():
        raise ModelError(f"the folder {folder} holds no config.json: it is no model, or only part of one")
    written = read_json(path)
    if not isinstance(written, dict):
        raise ModelError(
            f"{path} holds {_show(written)}, not an object; copy it anew from where the model is"
        )
    return written


def check_config(written: Mapping[str, Any], where: str) -> None:
    """Refuse what describes no model, or one of sizes that none has; `where` is its file."""
    names = written.get("architectures")
    if names is not None and not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise ModelError(f"{where}: architectures is {_show(names)}, not a list of names; correct it")
    _check_sizes(written, where)
    for part in _PARTS:
        if isinstance(written.get(part), dict):
            _check_sizes(written[part], f"{where}: {part}")


def _check_sizes(written: Mapping[str, Any], where: str) -> None:
    for name, most in LIMITS.items():
        found = written.get(name)
        for size in found if isinstance(found, list) else [found]:  # a few models have one for each block
            if size is not None and (type(size) is not int or not 1 <= size <= most):
                raise ModelError(
                    f"{where}: {name} is {_show(size)}, not a whole number from 1 to {most:,}; correct it, "
                    "or copy it anew from where the model is"
                )


def _show(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else f"{shown[:40]}..."
