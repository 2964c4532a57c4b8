"""The files of what a model makes of one language's text: vectors of sentences or of words, and tokens."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.metrics.perplexity import LanguageLoss
from polysteer.metrics.vectors import VectorsByLanguage
from polysteer.tensorfile import Array, open_artifact, write_tensors
from polysteer.trials.kept import REMEDY, understanding

FLOAT16_REACH = 30_000.0
Vectors = npt.NDArray[np.float32]


class LanguageVectors(NamedTuple):
    """Vectors [layer, sentence, width] of some layers, and the summed losses where they were asked for.

    `expected` [vocabulary] says how often the model expected each token where there are losses.
    """

    layers: tuple[str, ...]
    vectors: Vectors
    loss: LanguageLoss | None
    expected: Vectors | None = None

    def at_layer(self, layer: str) -> Vectors:
        """The vectors of one layer."""
        vectors: Vectors = self.vectors[self.layers.index(layer)]
        return vectors


class WordVectors(NamedTuple):
    """Vectors [layer, word, width], and which words they are of; tags and trees stay in the corpus.

    `sentence` is the row in the corpus's split of the language, `word` counts its tokens from 0.
    """

    layers: tuple[str, ...]
    vectors: Vectors
    sentence: npt.NDArray[np.int32]
    word: npt.NDArray[np.int32]


def save_vectors(path: Path, content: LanguageVectors, *, stamp: str) -> None:
    """Write what was read of sentences."""
    tensors = {} if content.expected is None else {"expected": content.expected}
    _save(path, content.vectors, tensors, {"layers": content.layers, "loss": content.loss}, stamp)


def save_words(path: Path, content: WordVectors, *, stamp: str) -> None:
    """Write what was read of words."""
    tensors = {"sentence": content.sentence, "word": content.word}
    _save(path, content.vectors, tensors, {"layers": content.layers}, stamp)


def _save(
    path: Path, vectors: Vectors, tensors: Mapping[str, Array], facts: Mapping[str, Any], stamp: str
) -> None:
    """In 16 bits where every number fits in well, else in 32."""
    fits = bool(np.abs(vectors).max(initial=0) < FLOAT16_REACH)
    narrow = vectors.astype(np.float16 if fits else np.float32)
    metadata = {"fingerprint": stamp, "facts": json.dumps(facts)}
    write_tensors(path, {"vectors": narrow, **tensors}, metadata)


class StoredVectors:
    """A file of vectors, of which one layer at a time is read."""

    def __init__(self, path: Path) -> None:
        self._path, self._file = path, open_artifact(path, remedy=REMEDY)
        with understanding(path, "holds no vectors"):
            facts = json.loads(self._file.metadata["facts"])
            loss = facts.get("loss")
            self.layers: tuple[str, ...] = tuple(facts["layers"])
            self.loss = LanguageLoss(*loss) if loss else None

    def at_layer(self, layer: str) -> Vectors:
        """One layer, [sentence or word, width], as 32-bit numbers."""
        with understanding(self._path, f"holds no vectors of layer {layer}"):
            return np.array(self._file.read("vectors")[self.layers.index(layer)], np.float32)

    @cached_property
    def expected(self) -> Vectors | None:
        """How often the model expected each token, if that is there."""
        return self._file.read("expected") if "expected" in self._file.entries else None

    def list_words(self) -> list[tuple[int, int]]:
        """Of each vector the sentence and the word it is of."""
        with understanding(self._path, "holds no vectors of words"):
            numbers = range(self._file.entries["vectors"].shape[1])
            words = zip(numbers, self._file.read("sentence"), self._file.read("word"), strict=True)
            return [(int(sentence), int(word)) for _, sentence, word in words]


class Layers(Mapping[str, VectorsByLanguage]):
    """Vectors by layer, each made when it is asked for."""

    def __init__(self, names: Sequence[str], make: Callable[[str], VectorsByLanguage]) -> None:
        self._names, self._make = names, make

    def __contains__(self, layer: object) -> bool:
        return layer in self._names

    def __getitem__(self, layer: str) -> VectorsByLanguage:
        return self._make(layer)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def read_layers(files: Mapping[str, StoredVectors], names: Sequence[str]) -> Layers:
    """Some layers of every language's file."""
    return Layers(names, lambda layer: {language: file.at_layer(layer) for language, file in files.items()})


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
