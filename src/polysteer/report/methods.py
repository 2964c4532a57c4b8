"""What stands side by side in a report, in its order: a new method is one line here."""

from collections.abc import Iterable
from dataclasses import dataclass

from polysteer.arms import ARMS
from polysteer.store.rows import STEERING

STEERED, BEST_CONTROL = "steered", "best_control"
ERASED_INSIDE, SUBSPACE_CONTROL = "erased_in_model", "random_subspace"


@dataclass(frozen=True)
class Method:
    """`key` names it in rows, `name` in tables; `intervention` is the store's word for it.

    `needs_no_mask` is what the sentence about rivals says of it; without one it stands in the tables alone.
    """

    key: str
    name: str
    intervention: str | None = None
    needs_no_mask: str = ""


_ARMS = [Method(arm.key, arm.title, arm.stored or None, arm.needs_no_mask) for arm in ARMS]
_AFTER_CONTROL = 1 + [method.key for method in _ARMS].index("control")
METHODS = (*_ARMS[:_AFTER_CONTROL], Method(BEST_CONTROL, "random, best"), *_ARMS[_AFTER_CONTROL:])
VARIANT = " @"  # stands between a method and the checkpoint or the pooling it was measured with

_BY_INTERVENTION = {method.intervention: method.key for method in METHODS if method.intervention}
_NAMES = {method.key: method.name for method in METHODS}
_PLACES = {method.key: place for place, method in enumerate(METHODS)}


def identify_method(intervention: str) -> str:
    """The method's key; what the table above does not know goes under its own name."""
    if intervention in STEERING:
        return STEERED
    return _BY_INTERVENTION.get(intervention, intervention)


def name_method(key: str) -> str:
    """What tables call it."""
    method, at, variant = key.partition(VARIANT)
    return _NAMES.get(method, method) + at + variant


def order_methods(keys: Iterable[str]) -> list[str]:
    """Each key once, as the table above has them, unknown ones last; variants stay in their order."""
    return sorted(dict.fromkeys(keys), key=lambda key: _PLACES.get(key.partition(VARIANT)[0], len(METHODS)))
