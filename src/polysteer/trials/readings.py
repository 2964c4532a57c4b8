"""What the model has to read, as data: embedding does it, and a plan counts it."""

from typing import Literal, NamedTuple

from polysteer.config import Experiment
from polysteer.models.shape import ModelShape
from polysteer.terms import Layer

Losses = Literal["none", "budget", "all"]


class Reading(NamedTuple):
    """One pass over some text, at some layers or a number of them, and what is kept of it.

    `longest` is the longest sentence of find, `words` the sentences whose words get vectors. Losses within
    the budget are of the texts that a cost is measured on.
    """

    job: str
    text: Literal["find", "dev", "test", "words", "longest"]
    layers: Literal["all", "primary"] | int = "all"
    losses: Losses = "none"
    keeps: Literal["vectors", "ranks", "nothing"] = "nothing"

    def count_losses(self, settings: Experiment) -> int | None:
        """Of how many texts per language losses are measured; None is all."""
        counts: dict[Losses, int | None] = {
            "none": 0,
            "budget": settings.evaluate.choose.cost_texts,
            "all": None,
        }
        return counts[self.losses]

    def count_layers(self, n_embedded: int) -> int:
        """Of the layers that are embedded, those that are read here."""
        if self.layers == "all":
            return n_embedded
        return 1 if self.layers == "primary" else min(self.layers, n_embedded)


def list_layers(settings: Experiment, shape: ModelShape) -> list[Layer]:
    """Every layer that is embedded."""
    wanted = settings.embed.layers
    return list(shape.layers) if wanted == "all" else list(wanted)


class Planned(NamedTuple):
    """How often something is read at most."""

    reading: Reading
    times: int
