"""The settings of an experiment as plain data and in words: what its numbers say they were made with."""

from collections.abc import Iterable
from typing import Any

from polysteer.config.schema import Experiment
from polysteer.numbers import write_exactly


def dump_settings(experiment: Experiment) -> dict[str, Any]:
    """Every setting, defaults and checkpoints too, as JSON has them."""
    settings = experiment.model_dump(mode="json")
    # By themselves they are in no dump, see there.
    settings["model"]["checkpoints"] = [checkpoint.name for checkpoint in experiment.model.checkpoints]
    return settings


def tell_steering(experiment: Experiment) -> str:
    """What acts in the model and how strongly, every point of the sweep."""
    candidates, erasures = experiment.candidates(), experiment.erasures()
    masks = {candidate.intervention: None for candidate in candidates}
    told = [
        f"{_either(names)} at strength {_either(map(write_exactly, strengths))}"
        for names, strengths in (
            (masks, [candidate.strength for candidate in candidates]),
            (["erase"], [erasure.strength for erasure in erasures]),
        )
        if strengths
    ]
    return ", ".join(told) or "nothing is steered"


def _either(values: Iterable[str]) -> str:
    *others, last = dict.fromkeys(values)
    return f"{', '.join(others)} or {last}" if others else last
