"""What acts in the model, in words."""

from collections.abc import Iterable

from polysteer.config.schema import Experiment
from polysteer.numbers import write_exactly


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
