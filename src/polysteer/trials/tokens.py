"""Which tokens a language's text consists of, and how often each stands there; and their file."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.tensorfile import open_artifact, write_tensors
from polysteer.trials.kept import REMEDY


class TokenCounts(NamedTuple):
    """Token ids, ascending, and how often each occurs; special tokens are left out."""

    ids: npt.NDArray[np.int32]
    counts: npt.NDArray[np.int64]


def save_tokens(path: Path, tokens: TokenCounts, *, stamp: str) -> None:
    """Write both, stamped with what they were made from."""
    write_tensors(path, tokens._asdict(), {"fingerprint": stamp})


def load_tokens(path: Path) -> TokenCounts:
    """Read both."""
    file = open_artifact(path, remedy=REMEDY)
    return TokenCounts(file.read("ids"), file.read("counts"))
