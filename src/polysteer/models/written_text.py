"""What a model is asked to write, and what it wrote, in words and numbers alone (no torch)."""

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class Writing:
    """How much of a text is given, and how much is written: at most `new_tokens`, or up to `stop`."""

    new_tokens: int
    prompt_tokens: int | None = None  # the text's first ones, special tokens not counted; None for all
    stop: str | None = None  # what ends a text and is no part of it


class WrittenText(NamedTuple):
    """What was given, and what followed."""

    prompt: str
    text: str
