"""What needs no mask: moving finished embeddings by language means. Arrays are [..., sentence, width].

Both rivals act on the vectors that come out of the plain model, so no perplexity, and no cost, is defined.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from polysteer.errors import NumericError

FloatArray = npt.NDArray[np.floating[Any]]
VectorsByLanguage = dict[str, npt.NDArray[np.float32]]


def average_languages(vectors: Mapping[str, FloatArray]) -> VectorsByLanguage:
    """Each language's mean vector, [..., width], from sentences that no number is reported on."""
    return {
        language: rows.mean(axis=-2, dtype=np.float64).astype(np.float32)
        for language, rows in vectors.items()
    }


def center_languages(vectors: Mapping[str, FloatArray], means: Mapping[str, FloatArray]) -> VectorsByLanguage:
    """Every sentence minus the mean of its own language.

    This needs to know the language of every sentence, which neither a mask nor `add_direction` does.
    """
    missing = sorted(set(vectors) - set(means))
    if missing:
        raise NumericError(f"no mean vector of {', '.join(missing)}; there are {', '.join(sorted(means))}")
    return {
        language: rows.astype(np.float32) - np.asarray(means[language], dtype=np.float32)[..., None, :]
        for language, rows in vectors.items()
    }


def mean_difference(means: Mapping[str, FloatArray], target: str) -> npt.NDArray[np.float32]:
    """The steering vector towards a language, [..., width]: its mean minus the average of the others' means.

    Every other language weighs the same, however many sentences it has.
    """
    if target not in means or len(means) < 2:
        raise NumericError(
            f"a direction towards {target!r} needs its mean and another language's; "
            f"there are {', '.join(means)}"
        )
    others = np.mean([mean for name, mean in means.items() if name != target], axis=0, dtype=np.float64)
    return (np.asarray(means[target], dtype=np.float64) - others).astype(np.float32)


def add_direction(
    vectors: Mapping[str, FloatArray], direction: FloatArray, strength: float
) -> VectorsByLanguage:
    """Every sentence of every language plus strength times one and the same vector.

    This is activation steering at the layer that is read: adding a vector to every token's state of that
    layer and then taking the mean over tokens adds it to the mean. No sentence's language is needed.
    Differences between sentences stay as they are; cosines change because the origin moves.
    """
    step = np.float32(strength) * np.asarray(direction, dtype=np.float32)[..., None, :]
    return {language: rows.astype(np.float32) + step for language, rows in vectors.items()}
