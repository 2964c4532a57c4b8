"""The file of one language's sentence vectors under one condition, with its token losses."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.errors import ArtifactError
from polysteer.metrics.perplexity import LanguageLoss
from polysteer.tensorfile import Array, open_artifact, write_tensors
from polysteer.trials.remedy import REMEDY

FLOAT16_REACH = 30_000.0


class LanguageVectors(NamedTuple):
    """Vectors [layer, sentence, width] of some layers, and the summed losses where they were asked for.

    `expected` [vocabulary] says how often the model expected each token where there are losses.
    """

    layers: tuple[str, ...]
    vectors: npt.NDArray[np.float32]
    loss: LanguageLoss | None
    expected: npt.NDArray[np.float32] | None = None

    def at_layer(self, layer: str) -> npt.NDArray[np.float32]:
        """The vectors of one layer."""
        vectors: npt.NDArray[np.float32] = self.vectors[self.layers.index(layer)]
        return vectors


def save_vectors(path: Path, content: LanguageVectors, *, stamp: str) -> None:
    """Write in 16 bits where every number fits in well, else in 32."""
    fits = bool(np.abs(content.vectors).max() < FLOAT16_REACH)
    facts = {"layers": content.layers, "loss": content.loss}
    tensors: dict[str, Array] = {"vectors": content.vectors.astype(np.float16 if fits else np.float32)}
    if content.expected is not None:
        tensors["expected"] = content.expected
    write_tensors(path, tensors, {"fingerprint": stamp, "facts": json.dumps(facts)})


def load_layer(path: Path, layer: str) -> npt.NDArray[np.float32]:
    """One layer of the vectors, [sentence, width]; nothing else is read."""
    file = open_artifact(path, remedy=REMEDY)
    try:
        number = json.loads(file.metadata["facts"])["layers"].index(layer)
        return np.array(file.read("vectors")[number], np.float32)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ArtifactError(
            f"{path} holds no vectors of layer {layer} ({error}); delete it and {REMEDY}"
        ) from error


def list_layers(path: Path) -> tuple[str, ...]:
    """The layers that a file has vectors of."""
    return tuple(_read_facts(path)["layers"])


def load_loss(path: Path) -> LanguageLoss | None:
    """The summed losses, without the vectors."""
    loss = _read_facts(path)["loss"]
    return LanguageLoss(*loss) if loss else None


def load_expected(path: Path) -> npt.NDArray[np.float32] | None:
    """How often the model expected each token, without the vectors."""
    file = open_artifact(path, remedy=REMEDY)
    return file.read("expected") if "expected" in file.entries else None


def _read_facts(path: Path) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = json.loads(open_artifact(path, remedy=REMEDY).metadata["facts"])
    except (KeyError, ValueError) as error:
        raise ArtifactError(f"{path} holds no sentence vectors ({error}); delete it and {REMEDY}") from error
    return facts


def load_vectors(path: Path, layers: Sequence[str] | None = None) -> LanguageVectors:
    """Read the vectors of all layers, or of some, back as 32-bit numbers."""
    file = open_artifact(path, remedy=REMEDY)
    try:
        facts = json.loads(file.metadata["facts"])
        known: list[str] = facts["layers"]
        loss = LanguageLoss(*facts["loss"]) if facts["loss"] else None
        stored = file.read("vectors")
        if stored.shape[0] != len(known):
            raise ValueError(f"{stored.shape[0]} layers of vectors, {len(known)} names")
        wanted = list(known if layers is None else layers)
        vectors = stored[[known.index(layer) for layer in wanted]].astype(np.float32)
        expected = file.read("expected") if "expected" in file.entries else None
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactError(f"{path} holds no sentence vectors ({error}); delete it and {REMEDY}") from error
    return LanguageVectors(tuple(wanted), vectors, loss, expected)
