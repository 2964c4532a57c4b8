"""What a metric is: its unit with the bounds of it, which way is better, and what it says in one sentence."""

from typing import Literal, NamedTuple, Self

Better = Literal["up", "down", "neither"]


class Unit(NamedTuple):
    """What a number is counted in, and the bounds that it keeps to; None where there is none."""

    name: str
    lowest: float | None = None
    highest: float | None = None
    in_percent: bool = False


SHARE = Unit("share", 0.0, 1.0, in_percent=True)
POINTS = Unit("points", -1.0, 1.0, in_percent=True)
INDEX = Unit("index", 0.0, 1.0)
SILHOUETTE = Unit("index", -1.0, 1.0)
FLAG = Unit("yes or no", 0.0, 1.0)
PROBABILITY = Unit("probability", 0.0, 1.0)
CORRELATION = Unit("correlation", -1.0, 1.0)
COSINE = Unit("cosine", -1.0, 1.0)
COSINE_DIFFERENCE = Unit("difference of cosines", -2.0, 2.0)
DISTANCE = Unit("distance", 0.0)
RATIO = Unit("ratio", 0.0)
BITS = Unit("bits", 0.0)
COUNT = Unit("count", 0.0)
OF_100 = Unit("of 100", 0.0, 100.0)
DIFFERENCE_OF_100 = Unit("difference of 100", -100.0, 100.0)
NUMBER = Unit("number")


class Metric(NamedTuple):
    """One measure.

    module: of what is measured from a layer's space, the module beside this one whose `list_series` does it.
    among_candidates: something is looked for among candidates, whose number stands beside the value.
    """

    name: str
    definition: str
    family: str
    unit: Unit
    better: Better
    module: str | None = None
    among_candidates: bool = False

    def limit(self, value: float) -> float:
        """The nearest within the bounds: what stands for more than itself may leave them in a resample."""
        lowest, highest = self.unit.lowest, self.unit.highest
        value = value if lowest is None else max(value, lowest)
        return value if highest is None else min(value, highest)

    def vary(self, suffix: str, told: str, better: Better | None = None) -> Self:
        """The same measure of something else, under a name of its own."""
        name, definition = self.name + suffix, f"as `{self.name}`, {told}"
        return self._replace(name=name, definition=definition, better=better or self.better)


class Kind(NamedTuple):
    """What several metrics have in common, in the order of their fields."""

    family: str
    unit: Unit
    better: Better
    module: str | None = None
    among_candidates: bool = False

    def define(self, **definitions: str) -> tuple[Metric, ...]:
        """A metric for each name, with its definition."""
        return tuple(Metric(name, definition, *self) for name, definition in definitions.items())
