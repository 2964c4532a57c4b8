"""One language's sentence vectors turned onto another's: orthogonal Procrustes, in closed form."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.errors import NumericError

Floats = npt.NDArray[np.float64]
Vectors = npt.NDArray[np.floating[Any]]


class Rotation(NamedTuple):
    """y = x left right: orthogonal, or of lower rank where there were fewer sentences than dimensions."""

    left: Floats
    right: Floats

    def turn(self, vectors: Vectors) -> npt.NDArray[np.float32]:
        """Vectors [sentence, width] of the source, among those of the reference."""
        turned: npt.NDArray[np.float32] = (vectors @ self.left @ self.right).astype(np.float32)
        return turned

    def reverse(self) -> "Rotation":
        """From the reference onto the source: the best there is that way, too."""
        return Rotation(self.right.T, self.left.T)


def fit_rotation(source: Vectors, reference: Vectors) -> Rotation:
    """The orthogonal map that brings vectors [sentence, width] nearest to their translations in the same row.

    It maximises the summed inner products of translations: of unit vectors, their cosines. With fewer
    sentences than dimensions it is not unique: what they do not span is then left out.
    """
    if source.shape != reference.shape or source.ndim != 2 or not len(source):
        raise NumericError(
            f"vectors of shape {source.shape} and {reference.shape}; a rotation is fitted on translations, "
            "row by row"
        )
    a, b = source.astype(np.float64), reference.astype(np.float64)
    if len(a) >= a.shape[1]:
        left, _, right = np.linalg.svd(a.T @ b)
        return Rotation(left, right)
    span_a, core_a = np.linalg.qr(a.T)
    span_b, core_b = np.linalg.qr(b.T)
    left, sizes, right = np.linalg.svd(core_a @ core_b.T)
    kept = sizes > sizes[0] * len(a) * np.finfo(np.float64).eps
    return Rotation(span_a @ left[:, kept], right[kept] @ span_b.T)
