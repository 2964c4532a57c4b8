"""How alike the experts of several draws of sentences are; and its file."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from polysteer.jsonfile import write_json
from polysteer.trials.kept import load_facts


class Agreement(NamedTuple):
    """By draw of `n_sentences` per language: Jaccard of the experts, rank correlation of the scores.

    Each is the mean over all other draws, none for a single draw; for halves, one against the other.
    """

    n_sentences: int
    n_draws: int
    value_statistic: str  # what the neurons of these draws are held at
    jaccard: Sequence[float]
    correlation: Sequence[float]


def save_agreement(path: Path, agreement: Agreement, *, stamp: str) -> None:
    """Write it, stamped with what it was made from."""
    write_json(path, agreement._asdict() | {"fingerprint": stamp})


def load_agreement(path: Path) -> Agreement:
    """Read it."""
    return load_facts(path, Agreement, problem="does not say how alike experts are")
