"""How many blocks a model has, from its config.json alone: needs neither torch nor transformers."""

from pathlib import Path
from typing import Any

from polysteer.builtin.model.revisions import builtin_folder
from polysteer.models.configuration import read_config
from polysteer.models.identity import find_cached_config, refuse_revision

_NAMES = ("num_hidden_layers", "n_layer", "num_layers", "n_layers")
_NAMES_IN_ENCODER = ("encoder_layers", "num_layers", "num_hidden_layers")


def count_blocks(
    model_id: str, *, revision: str | None = None, trust_remote_code: bool = False, fetch: bool = False
) -> int | None:
    """None where the config is not at hand, or does not say it under a usual name.

    Told to `fetch`, a config that is not at hand is downloaded, and a model that is nowhere is refused.
    """
    config = _read_config(model_id, revision)
    if config is None and fetch:
        from polysteer.models.source import find_source, load_config

        source = find_source(model_id, revision=revision, trust_remote_code=trust_remote_code)
        config = load_config(source).to_dict()
    return None if config is None else _find_number(config)


def _read_config(model_id: str, revision: str | None) -> dict[str, Any] | None:
    if model_id == "builtin":
        return read_config(builtin_folder(revision))
    folder = Path(model_id).expanduser()
    if folder.is_dir():
        refuse_revision(folder, revision)
        return read_config(folder)
    cached = find_cached_config(model_id, revision)
    return read_config(cached.parent) if cached else None


def _find_number(config: dict[str, Any]) -> int | None:
    names = _NAMES_IN_ENCODER if config.get("is_encoder_decoder") is True else _NAMES
    inner = config.get("text_config")
    for place in (config, inner if isinstance(inner, dict) else {}):
        for name in names:
            if type(place.get(name)) is int and place[name] > 0:
                return int(place[name])
    return None
