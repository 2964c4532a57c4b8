"""What the parts of experiments.yaml are built on."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Strength = Annotated[float, Field(gt=0, le=1)]


class Section(BaseModel):
    """Base of every part of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


def as_tuple(value: object) -> object:
    """A single value is a sweep of one."""
    return value if isinstance(value, list | tuple) else (value,)
