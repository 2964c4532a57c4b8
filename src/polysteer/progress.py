"""How long work tells its caller where it stands, without printing."""

from typing import Protocol


class Progress(Protocol):
    """Called with what is being done, how much of it is done, and how much there is."""

    def __call__(self, step: str, done: int, total: int) -> None:
        """Report a state; the caller decides what to show."""


def stay_silent(step: str, done: int, total: int) -> None:
    """The progress of someone who does not look."""
