"""What settings of every room are made of: numbers and flags as they stand, errors that know their place."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

# `true` is no 1 and '5' no 5; and 64 bits are what the files and libraries hold that a number is handed to.
Whole = Annotated[int, Field(strict=True, le=2**63 - 1)]
Size = Annotated[Whole, Field(ge=1)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Flag = Annotated[bool, Field(strict=True)]


class MisplacedError(ValueError):
    """A value that does not go with others; `location` leads to it from the section that found it out."""

    def __init__(self, location: Sequence[int | str], message: str) -> None:
        super().__init__(message)
        self.location = tuple(location)
