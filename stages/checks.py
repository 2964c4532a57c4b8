"""What is refused before text or weights are read: layers, blocks and states that the model does not have."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from polysteer.config import Experiment
from polysteer.config.depth import find_absent_layers, find_absent_parts
from polysteer.config.model import ModelSettings
from polysteer.config.yamlfile import read_document
from polysteer.errors import ConfigError, ModelError
from polysteer.fields import MisplacedError
from polysteer.models.depth import count_blocks


def check_experiments(settings_by_name: Mapping[str, Experiment], file: Path, *, fetch: bool) -> None:
    """Of the models only config.json is read, and downloaded only if told to fetch."""
    found = [
        (("experiments", name, *mistake.location), str(mistake))
        for name, settings in settings_by_name.items()
        for mistake in _find_mistakes(settings, fetch=fetch)
    ]
    if found:
        document = read_document(file)
        lines = []
        for location, message in found:
            place, _, keys = document.find(location)
            lines.append(f"{place}: {'.'.join(keys)}: {message}")
        raise ConfigError("\n".join(lines))


def _find_mistakes(settings: Experiment, *, fetch: bool) -> Iterator[MisplacedError]:
    model = settings.model
    try:
        n_blocks = _count_blocks(model, fetch=fetch)
    except ModelError as error:
        yield MisplacedError(("model",), str(error))
    else:
        yield from () if n_blocks is None else find_absent_parts(settings, n_blocks)
    for number, checkpoint in enumerate(model.checkpoints):
        place = ("model", "checkpoints", number)
        try:
            n_blocks = _count_blocks(model.at(checkpoint), fetch=fetch)
        except ModelError as error:
            yield MisplacedError(place, str(error))
            continue
        for mistake in () if n_blocks is None else find_absent_layers(settings, n_blocks):
            yield MisplacedError(place, f"embed asks for a layer that it does not have: {mistake}")


def _count_blocks(model: ModelSettings, *, fetch: bool) -> int | None:
    return count_blocks(
        model.id, revision=model.revision, trust_remote_code=model.trust_remote_code, fetch=fetch
    )
