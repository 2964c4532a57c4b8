"""What the parts of experiments.yaml are built on."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Strength = Annotated[float, Field(gt=0, le=1)]


class Section(BaseModel):
    """Base of every part of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


def as_tuple(value: object) -> object:
    """A single value is a sweep of one."""
    return value if isinstance(value, list | tuple) else (value,)


def suggest(wrong: str, right: Sequence[str]) -> str:
    """'; did you mean ...' for a near miss, else the list of what is valid."""
    near = get_close_matches(wrong, right, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; valid: {', '.join(right)}"
