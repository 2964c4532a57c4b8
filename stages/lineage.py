"""Which settings a step's work was made with: kept beside it, and compared by the step that reads it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from polysteer.config.evaluate import EvaluateSettings
from polysteer.config.filling import fill_in
from polysteer.differences import compare_settings, write_setting
from polysteer.errors import ArtifactError
from polysteer.jsonfile import read_json, write_json
from polysteer.stages.run import Run

_ANSWERS = ("corpus", "model", "targets", "collect")
_ONLY_EVALUATED = ("resamples", "distractors")
_TRIED = tuple(f"evaluate.{name}" for name in EvaluateSettings.model_fields if name not in _ONLY_EVALUATED)
# By step the settings that decide its work, those of the steps before included.
DECIDED_BY = {
    "corpus": ("corpus",),
    "collect": (*_ANSWERS, "rank.value", "steer.intervention"),
    "rank": (*_ANSWERS, "rank", "steer.intervention"),
    "embed": (*_ANSWERS, "rank", "steer", "embed", *_TRIED),
}


@contextmanager
def recorded(run: Run, step: str) -> Iterator[None]:
    """Do a step's work inside: while it may be of other settings too, nothing says what it was made with.

    A record of the same settings stays throughout, since another run may be reading it.
    """
    path, settings = run.layout.made_with(step), _pick(run, step)
    if path.is_file() and not _says(path, settings):
        path.unlink(missing_ok=True)
    yield
    write_json(path, settings)


def _says(path: Path, settings: dict[str, Any]) -> bool:
    try:
        return read_json(path, remedy="") == settings
    except ArtifactError:
        return False


def check_settings(run: Run, step: str) -> None:
    """Refuse a step's work where it was made with other settings than the run's."""
    path, remedy = run.layout.made_with(step), f"run `steer {step}`, which makes it anew"
    changes = [
        f"{one.key} {write_setting(one.old)} -> {write_setting(one.new)}"
        for one in compare_settings(read_json(path, remedy=remedy), _pick(run, step))
    ]
    if changes:
        raise ArtifactError(f"{path.parent} was made with other settings: {'; '.join(changes)}; {remedy}")


def _pick(run: Run, step: str) -> dict[str, Any]:
    """By their dotted names."""
    settings, picked = fill_in(run.settings), {}
    for name in DECIDED_BY[step]:
        value: Any = settings
        for part in name.split("."):
            value = value[part]
        picked[name] = value
    return picked
