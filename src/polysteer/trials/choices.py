"""What was picked on dev for one target, in the two views of it; and its file."""

from pathlib import Path
from typing import NamedTuple

from polysteer.errors import ArtifactError
from polysteer.jsonfile import read_json, write_json
from polysteer.metrics.choice import Choice
from polysteer.trials.remedy import REMEDY


class Choices(NamedTuple):
    """The best candidate at the primary layer, and the best candidate and layer together."""

    same_layer: Choice
    best_layer: Choice

    @property
    def labels(self) -> list[str]:
        """What was picked, each once."""
        return list(dict.fromkeys([self.same_layer.label, self.best_layer.label]))

    def views_of(self, label: str) -> tuple[Choice | None, Choice | None]:
        """The choice in either view where it is this candidate."""
        same, best = (choice if choice.label == label else None for choice in self)
        return same, best

    def layers_of(self, label: str) -> list[str]:
        """The layers that a candidate was picked for, each once."""
        return list(dict.fromkeys(choice.layer for choice in self if choice.label == label))


def save_choices(path: Path, choices: Choices) -> None:
    """Write both."""
    write_json(path, {name: choice._asdict() for name, choice in choices._asdict().items()})


def load_choices(path: Path) -> Choices:
    """Read both."""
    facts = read_json(path, remedy=REMEDY)
    try:
        return Choices(Choice(**facts["same_layer"]), Choice(**facts["best_layer"]))
    except (KeyError, TypeError) as error:
        raise ArtifactError(f"{path} does not say what was chosen ({error}); {REMEDY}") from error
