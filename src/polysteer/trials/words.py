"""The file of one language's word vectors under one condition; tags and trees stay in the corpus."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.errors import ArtifactError
from polysteer.tensorfile import open_artifact, write_tensors
from polysteer.trials.remedy import REMEDY
from polysteer.trials.vectors import FLOAT16_REACH


class WordVectors(NamedTuple):
    """Vectors [layer, word, width], and which words they are of.

    `sentence` is the row in the corpus's split of the language, `word` counts its tokens from 0.
    """

    layers: tuple[str, ...]
    vectors: npt.NDArray[np.float32]
    sentence: npt.NDArray[np.int32]
    word: npt.NDArray[np.int32]


def save_words(path: Path, content: WordVectors, *, stamp: str) -> None:
    """Write in 16 bits where every number fits in well, else in 32."""
    fits = bool(np.abs(content.vectors).max(initial=0) < FLOAT16_REACH)
    tensors = {
        "vectors": content.vectors.astype(np.float16 if fits else np.float32),
        "sentence": content.sentence,
        "word": content.word,
    }
    write_tensors(path, tensors, {"fingerprint": stamp, "facts": json.dumps({"layers": content.layers})})


def list_word_layers(path: Path) -> tuple[str, ...]:
    """The layers that a file has vectors of."""
    try:
        return tuple(json.loads(open_artifact(path, remedy=REMEDY).metadata["facts"])["layers"])
    except (KeyError, TypeError, ValueError) as error:
        raise _refuse(path, error) from error


def load_words(path: Path, layer: str) -> WordVectors:
    """Read one layer back, as 32-bit numbers; no other is read."""
    file = open_artifact(path, remedy=REMEDY)
    try:
        number = list_word_layers(path).index(layer)
        vectors = np.array(file.read("vectors")[number : number + 1], np.float32)
        sentence, word = (np.array(file.read(name)) for name in ("sentence", "word"))
        if not len(sentence) == len(word) == vectors.shape[1]:
            raise ValueError(f"{vectors.shape[1]} vectors of {len(sentence)} words")
    except (ValueError, IndexError) as error:
        raise _refuse(path, error) from error
    return WordVectors((layer,), vectors, sentence, word)


def _refuse(path: Path, error: Exception) -> ArtifactError:
    return ArtifactError(f"{path} holds no such word vectors ({error}); delete it and {REMEDY}")
