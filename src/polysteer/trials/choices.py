"""What was picked on dev for one target, in the two views of it; and its file."""

import json
from pathlib import Path
from typing import NamedTuple

from polysteer.artifacts import atomic_path
from polysteer.errors import ArtifactError
from polysteer.metrics.choice import Choice


class Choices(NamedTuple):
    """The best candidate at the primary layer, and the best candidate and layer together."""

    same_layer: Choice
    best_layer: Choice

    @property
    def labels(self) -> list[str]:
        """What was picked, each once."""
        return list(dict.fromkeys([self.same_layer.label, self.best_layer.label]))

    def layers_of(self, label: str) -> list[str]:
        """The layers that a candidate was picked for."""
        return [choice.layer for choice in self if choice.label == label]


def save_choices(path: Path, choices: Choices) -> None:
    """Write both."""
    text = json.dumps({name: choice._asdict() for name, choice in choices._asdict().items()}, indent=1)
    with atomic_path(path) as temporary:
        temporary.write_text(text + "\n")


def load_choices(path: Path) -> Choices:
    """Read both."""
    try:
        facts = json.loads(path.read_text())
        return Choices(Choice(**facts["same_layer"]), Choice(**facts["best_layer"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{path} does not say what was chosen ({error}); run `steer embed`") from error
