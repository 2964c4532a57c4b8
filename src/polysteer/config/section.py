"""What the parts of experiments.yaml are built on."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from polysteer.fields import Number


class Section(BaseModel):
    """Base of every part of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


def as_tuple(value: object) -> object:
    """A single value is a sweep of one."""
    return value if isinstance(value, list | tuple) else (value,)


Point = TypeVar("Point")
Sweep = Annotated[tuple[Point, ...], BeforeValidator(as_tuple), Field(min_length=1)]
Strength = Annotated[Number, Field(gt=0, le=1)]


def suggest(wrong: str, right: Sequence[str]) -> str:
    """'; did you mean ...' for a near miss, else the list of what is valid."""
    near = find_nearest(wrong, right)
    return f"; did you mean {near!r}?" if near else f"; valid: {', '.join(right)}"


def find_nearest(wrong: str, right: Sequence[str]) -> str | None:
    """The one that was probably meant, whatever the case of its letters."""
    right_by_lower = {name.lower(): name for name in right}
    near = get_close_matches(wrong.lower(), right_by_lower, n=1)
    return right_by_lower[near[0]] if near else None
