"""Which settings a step's work was made with: kept beside it, and compared by the step that reads it."""

from pathlib import Path
from typing import Any, NamedTuple

from polysteer.config.filling import fill_in
from polysteer.differences import compare_settings, write_setting
from polysteer.errors import ArtifactError
from polysteer.jsonfile import read_json, write_json
from polysteer.layout import ExperimentLayout
from polysteer.stages.run import Run


class _Step(NamedTuple):
    """Where its work stands, and the settings that decide it, those of the steps before included."""

    folder: str
    decided_by: tuple[str, ...]


_ANSWERS = ("corpus", "model", "targets", "collect")
_TRIED = (
    "families",
    "controls",
    "extra_draws",
    "seed",
    "choose",
    "efficiency",
    "finetune",
    "generate",
    "translate",
)
STEPS = {
    "corpus": _Step("corpus", ("corpus",)),
    "collect": _Step("responses", (*_ANSWERS, "rank.value", "steer.intervention")),
    "rank": _Step("masks", (*_ANSWERS, "rank", "steer.intervention")),
    "embed": _Step(
        "vectors", (*_ANSWERS, "rank", "steer", "embed", *(f"evaluate.{name}" for name in _TRIED))
    ),
}


def record_settings(run: Run, step: str) -> None:
    """Once the step's work is done."""
    write_json(_find_record(run.layout, step), _pick(run, step))


def check_settings(run: Run, step: str) -> None:
    """Refuse a step's work where it was made with other settings than the run's."""
    remedy = f"run `steer {step}`, which makes it anew"
    path = _find_record(run.layout, step)
    made_with, now = read_json(path, remedy=remedy), _pick(run, step)
    changes = [
        f"{one.key} {write_setting(one.old)} -> {write_setting(one.new)}"
        for one in compare_settings(made_with, now)
    ]
    if changes:
        raise ArtifactError(f"{path.parent} was made with other settings: {'; '.join(changes)}; {remedy}")


def _find_record(layout: ExperimentLayout, step: str) -> Path:
    return layout.made_with(layout.folder / STEPS[step].folder)


def _pick(run: Run, step: str) -> dict[str, Any]:
    """The settings that decide a step's work, by their dotted names."""
    settings, picked = fill_in(run.settings), {}
    for name in STEPS[step].decided_by:
        value: Any = settings
        for part in name.split("."):
            value = value[part]
        picked[name] = value
    return picked
