"""What stands side by side in a report, in its order: the arms, as tables and sentences have them."""

from collections.abc import Iterable

from polysteer.arms import ARMS
from polysteer.arms.random_neurons import RANDOM_NEURONS
from polysteer.arms.random_subspace import RANDOM_SUBSPACE
from polysteer.layout import ERASE, MASK

BEST_RANDOM = "best_random"  # of all random neurons the draw that did best
VARIANT = " @"  # stands between an arm and the checkpoint or the pooling it was measured with

_TITLES = {arm.key: arm.title for arm in ARMS} | {BEST_RANDOM: f"{RANDOM_NEURONS.title}, best"}
_ORDER = list(_TITLES)
_ORDER.insert(_ORDER.index(RANDOM_NEURONS.key) + 1, _ORDER.pop())


def name_arm(key: str) -> str:
    """What tables call it; what the list of arms does not know goes under its own name."""
    arm, at, variant = key.partition(VARIANT)
    return _TITLES.get(arm, arm) + at + variant


def order_arms(keys: Iterable[str]) -> list[str]:
    """Each key once, as the list of arms has them, unknown ones last; variants stay in their order."""
    places = {key: place for place, key in enumerate(_ORDER)}
    return sorted(dict.fromkeys(keys), key=lambda key: places.get(key.partition(VARIANT)[0], len(places)))


def find_acting(target: str | None) -> str:
    """What an answer is of: the mask of a target, or erasing in the model where there is none."""
    return ERASE if target is None else MASK


def find_control(target: str | None) -> str:
    """The random draws that stand beside it."""
    return RANDOM_SUBSPACE.key if target is None else RANDOM_NEURONS.key


def acts_inside(key: str) -> bool:
    """Whether it changes what the model computes, and is chosen on dev."""
    return key in (MASK, ERASE)
