"""What was picked on dev for one target, in the two views of it; and its file."""

from pathlib import Path
from typing import Any, NamedTuple

from polysteer.jsonfile import write_json
from polysteer.metrics.choice import Choice
from polysteer.trials.kept import load_facts


class Choices(NamedTuple):
    """The best candidate at the primary layer, and the best candidate and layer together."""

    same_layer: Choice
    best_layer: Choice

    @property
    def labels(self) -> list[str]:
        """What was picked, each once."""
        return list(dict.fromkeys([self.same_layer.label, self.best_layer.label]))

    def layers_of(self, label: str) -> list[str]:
        """The layers that a candidate was picked for, each once."""
        return list(dict.fromkeys(choice.layer for choice in self if choice.label == label))


def save_choices(path: Path, choices: Choices) -> None:
    """Write both."""
    write_json(path, {name: choice._asdict() for name, choice in choices._asdict().items()})


def load_choices(path: Path) -> Choices:
    """Read both."""

    def make(same_layer: dict[str, Any], best_layer: dict[str, Any]) -> Choices:
        return Choices(Choice(**same_layer), Choice(**best_layer))

    return load_facts(path, make, problem="does not say what was chosen")
