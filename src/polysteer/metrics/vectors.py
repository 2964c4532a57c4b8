"""What every metric over sentence vectors asks of them: parallel rows, finite numbers, unit length."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.errors import NumericError

FloatArray = npt.NDArray[np.floating[Any]]
VectorsByLanguage = Mapping[str, FloatArray]

SAME_VECTOR = 1e-20  # spread over squared length, below which vectors differ by rounding alone


class LanguagePair(NamedTuple):
    """Queries of one language are looked up among the sentences of another."""

    source: str
    reference: str


def ordered_pairs(languages: list[str]) -> tuple[LanguagePair, ...]:
    """Every pair of two different languages, both ways, in the order given."""
    return tuple(LanguagePair(a, b) for a in languages for b in languages if a != b)


def check_parallel(vectors: VectorsByLanguage) -> None:
    """Refuse anything but two or more languages with equally many rows, of one width, all finite."""
    if len(vectors) < 2:
        raise NumericError(
            f"{len(vectors)} language(s) given ({', '.join(vectors)}); comparing needs two or more"
        )
    first = next(iter(vectors))
    shape = vectors[first].shape
    if len(shape) != 2:
        raise NumericError(f"vectors of {first} have shape {shape}; expected (sentences, width)")
    if shape[0] < 2:
        raise NumericError(f"{shape[0]} sentence(s) per language; telling sentences apart needs two or more")
    for language, rows in vectors.items():
        if rows.shape != shape:
            raise NumericError(
                f"vectors of {language} have shape {rows.shape}, those of {first} {shape}; "
                "row i must be the same meaning in every language"
            )
        check_finite(rows, language)


def check_finite(rows: FloatArray, language: str) -> None:
    """Refuse NaN and infinity, naming the first sentence that holds one."""
    finite = np.isfinite(rows).all(axis=-1)
    if not finite.all():
        row = int(np.argwhere(~finite)[0][-1])
        raise NumericError(f"the vector of {language} sentence {row} holds NaN or infinity; embed it again")


def normalize_rows(rows: FloatArray) -> npt.NDArray[np.float32]:
    """Rows scaled to length one, in float32; a zero row stays zero."""
    wide = np.asarray(rows, dtype=np.float32)
    # Scaling by the largest entry first keeps the squares of tiny and huge rows in range.
    largest = np.abs(wide).max(axis=1, keepdims=True)
    scaled = wide / np.where(largest > 0, largest, 1)
    length = np.sqrt(np.einsum("ij,ij->i", scaled, scaled))[:, None]
    return np.divide(scaled, np.where(length > 0, length, 1), dtype=np.float32)


def square_length(rows: FloatArray) -> float:
    """The mean squared length of vectors."""
    return float((np.asarray(rows, dtype=np.float64) ** 2).sum(axis=-1).mean())


def spread_or_nan(spread: float, square_length: float) -> float:
    """A spread to divide by; NaN where it is rounding alone, because all vectors are the same."""
    return spread if spread > SAME_VECTOR * square_length else float("nan")
