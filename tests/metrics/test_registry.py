"""The registry: what it says of its metrics, and that docs/store.md says the same."""

from importlib import import_module
from pathlib import Path

import pytest

from polysteer.errors import NumericError
from polysteer.metrics.metric import Metric
from polysteer.metrics.registry import METRICS, REGISTERED, find_metric, list_modules
from polysteer.metrics.units import DISTANCE, NUMBER, SHARE

GUIDE = Path(__file__).parents[2] / "docs" / "store.md"
BEGIN, END = "<!-- the registry, begin -->\n", "<!-- the registry, end -->"
BETTER = {"up": "higher", "down": "lower", "neither": ""}


def draw_table() -> str:
    """The registry as docs/store.md shows it."""
    rows = ["| `metric` | family | unit | better | meaning |", "|---|---|---|---|---|"]
    for one in REGISTERED:
        lowest, highest = ("" if bound is None else f"{bound:g}" for bound in one.unit[1:3])
        bounds = f", {lowest} to {highest}" if highest else f", from {lowest}" if lowest else ""
        rows.append(
            f"| `{one.name}` | {one.family} | {one.unit.name}{bounds} | {BETTER[one.better]} "
            f"| {one.definition} |"
        )
    return "\n".join(rows) + "\n"


def test_the_guide_shows_the_registry_as_it_is():
    """After a change put what `draw_table` gives between the two marks."""
    _, shown = GUIDE.read_text().split(BEGIN)
    assert shown.split(END)[0] == draw_table()


def test_every_name_is_registered_once_and_says_what_it_means():
    assert len(METRICS) == len(REGISTERED) > 50
    assert [one.name for one in REGISTERED if not one.definition or "|" in one.definition] == []


def test_every_module_that_is_named_measures_a_layer():
    modules = list_modules({one.family for one in REGISTERED})
    assert len(modules) > 5
    for module in modules:
        assert callable(import_module(f"polysteer.metrics.{module}").list_series)


def test_modules_are_those_of_the_families_in_the_order_of_the_registry():
    assert list_modules(["abx", "retrieval"]) == ["directions", "mining", "abx"]
    assert list_modules(["translation"]) == []


@pytest.mark.parametrize(
    ("unit", "value", "limited"),
    [
        (SHARE, 1.01, 1),
        (SHARE, -0.01, 0),
        (SHARE, 0.5, 0.5),
        (DISTANCE, 7, 7),
        (DISTANCE, -1, 0),
        (NUMBER, -9, -9),
    ],
)
def test_a_bound_stops_what_leaves_it(unit, value, limited):
    assert Metric("m", "a metric", "family", unit, "up").limit(value) == limited


def test_a_variant_is_measured_as_the_metric_is():
    chance = find_metric("probe_topic_chance")
    assert (chance.unit, chance.module, chance.better) == (SHARE, "probes", "neither")
    assert chance.definition == "as `probe_topic`, of always guessing the commonest label"


def test_a_name_that_nobody_registered_is_refused():
    with pytest.raises(NumericError, match=r"no metric is called 'tpo1'; define it in .*registry.py"):
        find_metric("tpo1")
