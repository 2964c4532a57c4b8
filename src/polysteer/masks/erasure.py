"""Finding the languages' subspace in sentence vectors of the find split, and random ones against it."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.errors import ConfigError, NumericError
from polysteer.masks.subspace import LanguageSubspace
from polysteer.masks.subspace_metadata import SubspaceMetadata
from polysteer.terms import ERASE_METHODS, EraseMethod

Shrinkage = float | Literal["auto"]

Floats = npt.NDArray[np.float64]
VectorsByLanguage = Mapping[str, npt.NDArray[Any]]


class Eraser(NamedTuple):
    """y = x - (x - mean) left right, of one layer."""

    mean: Floats
    left: Floats
    right: Floats


def fit_subspace(
    vectors_by_layer: Mapping[str, VectorsByLanguage],
    metadata: SubspaceMetadata,
    *,
    shrinkage: Shrinkage = "auto",
) -> LanguageSubspace:
    """The directions of `metadata.languages` at each of `metadata.layers`, by `metadata.method`.

    What the layers' names and the method are stands in the metadata alone; see `fit_layer`.
    """
    if metadata.method == "random":
        raise ConfigError("a random subspace is drawn, not fitted; use draw_subspace")
    erasers = []
    for layer in metadata.layers:
        vectors = {language: vectors_by_layer[layer][language] for language in metadata.languages}
        erasers.append(fit_layer(vectors, method=metadata.method, shrinkage=shrinkage))
    mean, left, right = (np.stack(arrays).astype(np.float32) for arrays in zip(*erasers, strict=True))
    return LanguageSubspace(metadata, mean, left, right)


def fit_layer(vectors: VectorsByLanguage, *, method: EraseMethod, shrinkage: Shrinkage = "auto") -> Eraser:
    """One layer's directions from vectors [sentence, width] of each language; every language weighs the same.

    Both methods give all languages of the fit the same mean. `mean_difference` projects the span of the
    languages' means out at a right angle. `leace` (Belrose et al. 2023) does so after whitening, which
    changes the vectors least in their own measure; `shrinkage` from 0 to 1 mixes their covariance with that
    of a sphere, which it needs where there are few sentences for the width: see `choose_shrinkage`.
    """
    if method not in ERASE_METHODS:
        raise ConfigError(f"no such way to erase: {method!r}; there are {', '.join(ERASE_METHODS)}")
    if shrinkage != "auto" and not (isinstance(shrinkage, int | float) and 0 <= shrinkage <= 1):
        raise ConfigError(f"shrinkage is {shrinkage!r}; give auto, or a number from 0 to 1")
    means = _average(vectors)
    mean = means.mean(axis=0)
    if method == "mean_difference":
        directions = _span(means - mean)
        return Eraser(mean, directions.T, directions)
    covariance = _find_covariance(vectors, mean)
    if shrinkage == "auto":
        shrinkage = choose_shrinkage(covariance, _count_sentences(vectors))
    whiten, unwhiten = _find_whitening(covariance, shrinkage)
    directions = _span((means - mean) @ whiten)
    return Eraser(mean, whiten @ directions.T, directions @ unwhiten)


def choose_shrinkage(covariance: Floats, n_sentences: float) -> float:
    """How far to draw a covariance found on `n_sentences` towards a sphere of the same total variance.

    The optimal linear shrinkage of Bodnar, Gupta and Parolya (2014, J. Multivariate Analysis 132, 215-228):
    least squared error of all such mixtures where width and sentences grow together, whatever the vectors'
    distribution. It falls as 1 / n, and is 1 where what differs from a sphere could all be chance.
    """
    trace = float(np.trace(covariance))
    unlike_sphere = float(np.square(covariance).sum()) - trace**2 / len(covariance)
    by_chance = trace**2 / n_sentences
    return by_chance / unlike_sphere if by_chance < unlike_sphere else 1.0


def draw_subspace(subspace: LanguageSubspace, *, seed: int, draw: int) -> LanguageSubspace:
    """A control: as many random directions as the languages', at a right angle, around the same means."""
    known = subspace.metadata
    rng = np.random.default_rng([seed, draw])
    normal = rng.normal(size=(len(known.layers), known.width, subspace.rank))
    left = np.linalg.qr(normal)[0].astype(np.float32)
    metadata = known.model_copy(
        update={"method": "random", "control_of": known.method, "draw": draw, "seed": seed}
    )
    return LanguageSubspace(metadata, subspace.mean, left, np.ascontiguousarray(left.swapaxes(1, 2)))


def _average(vectors: VectorsByLanguage) -> Floats:
    if len(vectors) < 2:
        raise NumericError(f"languages differ only among two or more; there is {', '.join(vectors)}")
    for language, rows in vectors.items():
        if rows.ndim != 2 or not len(rows) or not np.isfinite(rows).all():
            raise NumericError(
                f"the vectors of {language}, of shape {rows.shape}, are not finite and [sentence, width]; "
                "embed again"
            )
    return np.stack([rows.mean(axis=0, dtype=np.float64) for rows in vectors.values()])


def _find_covariance(vectors: VectorsByLanguage, mean: Floats) -> Floats:
    covariance = np.zeros((len(mean), len(mean)))
    for rows in vectors.values():
        centred = rows.astype(np.float64) - mean
        covariance += centred.T @ centred / len(rows)
    return covariance / len(vectors)


def _count_sentences(vectors: VectorsByLanguage) -> float:
    """As many as would weigh as much as these do, each language weighing the same (Kish's effective size)."""
    return len(vectors) ** 2 / sum(1 / len(rows) for rows in vectors.values())


def _find_whitening(covariance: Floats, shrinkage: float) -> tuple[Floats, Floats]:
    """The inverse root of a covariance and the root, both on its support."""
    width = len(covariance)
    sphere = np.eye(width) * np.trace(covariance) / width
    variances, axes = np.linalg.eigh((1 - shrinkage) * covariance + shrinkage * sphere)
    present = variances > variances[-1] * width * np.finfo(np.float64).eps
    deviations, axes = np.sqrt(variances[present]), axes[:, present]
    return (axes / deviations) @ axes.T, (axes * deviations) @ axes.T


def _span(differences: Floats) -> Floats:
    """Orthonormal rows that span the languages' differences, of which one follows from the others."""
    _, sizes, directions = np.linalg.svd(differences, full_matrices=False)
    rank = min(len(differences) - 1, differences.shape[1])
    if not sizes[rank - 1] > sizes[0] * 1e-10:
        raise NumericError(
            f"the means of {len(differences)} languages differ in fewer than {rank} directions; are two "
            "languages' texts the same?"
        )
    return directions[:rank]
