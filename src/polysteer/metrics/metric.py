"""What a metric is: its unit, which way is better, what it says in one sentence, how a layer gives it."""

from typing import Literal, NamedTuple, Self

from polysteer.metrics.units import Unit

Better = Literal["up", "down", "neither"]


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
