"""What the model has to read, as data: embedding does it, and a plan counts it."""

from typing import Literal, NamedTuple

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


class Planned(NamedTuple):
    """How often something is read at most."""

    reading: Reading
    times: int
