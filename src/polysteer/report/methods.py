"""What stands side by side in a report, in its order: a new method is one line here."""

from collections.abc import Iterable
from dataclasses import dataclass

from polysteer.layout import AT_EXPERT_VALUES, PERMUTED
from polysteer.store.rows import (
    BASELINE,
    CENTRED,
    CONTRASTIVE,
    CONTROL,
    ERASED,
    ERASED_AT_RANDOM,
    ERASED_IN_MODEL,
    MASK_AND_CENTRE,
    MASK_AND_ERASE,
    MEAN_DIFFERENCE,
    OTHER_MASKS,
    PROCRUSTES,
    RANDOM_SUBSPACE,
    STEERING,
    SURFACE,
)

PLAIN, STEERED, BEST_CONTROL = "baseline", "steered", "best_control"
ERASED_INSIDE, SUBSPACE_CONTROL = "erased_in_model", "random_subspace"


@dataclass(frozen=True)
class Method:
    """`key` names it in rows, `name` in tables; `intervention` is the store's word for it.

    The rest is what sentences say of it, as a rival, as a control of what the values do, and between
    languages that took no part in fitting; without any it stands in the tables alone.
    """

    key: str
    name: str
    intervention: str | None = None
    needs_no_mask: str = ""
    as_control: str = ""
    between_unseen: str = ""


METHODS = (
    Method(PLAIN, "baseline", BASELINE, between_unseen="as they are"),
    Method(STEERED, "mask"),
    Method("control", "random", CONTROL),
    Method(BEST_CONTROL, "random, best"),
    Method(
        "random_at_expert_values",
        "random, their values",
        AT_EXPERT_VALUES,
        as_control="random neurons held at the experts' values",
    ),
    Method("permuted", "values permuted", PERMUTED, as_control="the experts with their values permuted"),
    Method("other_masks", "others' masks", OTHER_MASKS, as_control="the masks of other targets"),
    Method("mask_and_centred", "mask, centred", MASK_AND_CENTRE),
    Method("mask_and_erased", "mask, erased", MASK_AND_ERASE),
    Method("mean_difference", "mean difference", MEAN_DIFFERENCE, "adding the mean difference vector"),
    Method(
        "centred",
        "centred",
        CENTRED,
        "subtracting each language's mean, which needs every sentence's language",
    ),
    Method(
        "erased",
        "erased",
        ERASED,
        "erasing the directions in which languages differ, which needs no label",
        between_unseen="erased in finished embeddings",
    ),
    Method("erased_at_random", "random erased", ERASED_AT_RANDOM),
    Method(ERASED_INSIDE, "erased in model", ERASED_IN_MODEL, between_unseen="erased inside the model"),
    Method(SUBSPACE_CONTROL, "random subspace", RANDOM_SUBSPACE),
    Method("procrustes", "Procrustes", PROCRUSTES, "a rotation learnt from translations"),
    Method("contrastive", "fine-tuned", CONTRASTIVE, "fine-tuning on translations"),
    Method("surface", "n-grams", SURFACE, "character n-grams without any model"),
)
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


def find_acting(target: str | None) -> str:
    """What an answer is of: the mask of a target, or erasing inside the model where there is none."""
    return ERASED_INSIDE if target is None else STEERED


def find_control(target: str | None) -> str:
    """The random draws that stand beside it."""
    return SUBSPACE_CONTROL if target is None else "control"


def acts_inside(key: str) -> bool:
    """Whether it changes what the model computes, and is chosen on dev."""
    return key in (STEERED, ERASED_INSIDE)
