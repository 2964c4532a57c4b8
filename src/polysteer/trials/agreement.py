"""How alike the experts of several draws of sentences are; and its file."""

from pathlib import Path
from typing import NamedTuple

from polysteer.errors import ArtifactError
from polysteer.jsonfile import read_json, write_json
from polysteer.trials.remedy import REMEDY


class Agreement(NamedTuple):
    """By draw of `n_sentences` per language: Jaccard of the experts, rank correlation of the scores.

    Each is the mean over all other draws, none for a single draw; for halves, one against the other.
    """

    n_sentences: int
    n_draws: int
    value_statistic: str  # what the neurons of these draws are held at
    jaccard: tuple[float, ...]
    correlation: tuple[float, ...]


def save_agreement(path: Path, agreement: Agreement, *, stamp: str) -> None:
    """Write it, stamped with what it was made from."""
    write_json(path, agreement._asdict() | {"fingerprint": stamp})


def load_agreement(path: Path) -> Agreement:
    """Read it."""
    facts = read_json(path, remedy=REMEDY)
    try:
        del facts["fingerprint"]
        jaccard, correlation = tuple(facts.pop("jaccard")), tuple(facts.pop("correlation"))
        return Agreement(**facts, jaccard=jaccard, correlation=correlation)
    except (KeyError, TypeError) as error:
        raise ArtifactError(
            f"{path} does not say how alike experts are ({error}); delete it and {REMEDY}"
        ) from error
