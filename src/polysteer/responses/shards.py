"""The files of one language's responses: shards of neurons x sentences, and the index that ends the work."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, TypeAdapter

from polysteer.artifacts import tell_damage
from polysteer.errors import ArtifactError, MaskError
from polysteer.jsonfile import read_json, write_json
from polysteer.masks.neurons import NeuronTable
from polysteer.tensorfile import TensorFile, open_artifact, write_tensors
from polysteer.terms import ResponsePool

REMEDY = "run `steer collect`, which makes what is missing or damaged and keeps the rest"

_STATISTICS = {"mean": "F64", "squares": "F64", "n_above_zero": "I64"}


@dataclass(frozen=True)
class LanguageIndex:
    """What a finished language consists of."""

    fingerprint: str
    language: str
    n_sentences: Annotated[int, Field(gt=0)]
    shard_sentences: Annotated[int, Field(gt=0)]
    dtype: Literal["F16", "BF16"]
    pool: ResponsePool
    neurons: NeuronTable

    @property
    def n_shards(self) -> int:
        """How many files hold its sentences."""
        return -(-self.n_sentences // self.shard_sentences)

    def sentences_of(self, shard: int) -> range:
        """The sentences of one shard."""
        start = shard * self.shard_sentences
        return range(start, min(start + self.shard_sentences, self.n_sentences))


@dataclass(frozen=True, eq=False)
class Shard:
    """Some sentences of one language, for all neurons.

    `pooled` is (neurons, sentences) and `sample` (neurons, sampled tokens), in 16 bits; of all tokens `mean`,
    the sum of squared differences from it, and how many were above zero.
    """

    n_tokens: int
    pooled: npt.NDArray[Any]
    sample: npt.NDArray[Any]
    mean: npt.NDArray[np.float64]
    squares: npt.NDArray[np.float64]
    n_above_zero: npt.NDArray[np.int64]


def read_index(folder: Path, language: str) -> LanguageIndex:
    """The index of a finished language."""
    path = folder / language / "index.json"
    facts = read_json(path, remedy=REMEDY)
    try:
        return TypeAdapter(LanguageIndex).validate_python(facts)
    except (ValueError, MaskError) as error:
        raise ArtifactError(f"{path} is no index of responses; delete it and {REMEDY}") from error


def write_index(folder: Path, index: LanguageIndex) -> None:
    """Declare a language finished."""
    write_json(folder / index.language / "index.json", asdict(index))


def write_shard(folder: Path, index: LanguageIndex, number: int, shard: Shard) -> None:
    """Write one shard, whole or not at all."""
    names = ("pooled", "sample", *_STATISTICS)
    arrays: dict[str, npt.NDArray[Any]] = {name: getattr(shard, name) for name in names}
    facts = {"fingerprint": _shard_fingerprint(index, number), "n_tokens": str(shard.n_tokens)}
    halves = ("pooled", "sample") if index.dtype == "BF16" else ()
    write_tensors(_shard_path(folder, index, number), arrays, facts, bfloat16=halves)


def has_shard(folder: Path, index: LanguageIndex, number: int) -> bool:
    """Whether this shard, made from the same things, is there and whole."""
    try:
        read_shard(folder, index, number)
    except ArtifactError as error:
        tell_damage(error)
        return False
    return True


def read_shard(folder: Path, index: LanguageIndex, number: int) -> Shard:
    """One shard as memory maps, checked against the index and its checksum."""
    file = open_artifact(_shard_path(folder, index, number), remedy=REMEDY)
    _check_shard(file, index, number)
    arrays: Mapping[str, npt.NDArray[Any]] = {name: file.read(name) for name in file.entries}
    try:
        return Shard(n_tokens=int(file.metadata["n_tokens"]), **arrays)
    except (ValueError, KeyError) as error:
        raise ArtifactError(f"{file.path} does not count its tokens; {REMEDY}") from error


def _check_shard(file: TensorFile, index: LanguageIndex, number: int) -> None:
    found = file.metadata.get("fingerprint")
    if found != _shard_fingerprint(index, number):
        raise ArtifactError(f"{file.path} was made from another model, text or setting; {REMEDY}")
    n_neurons = index.neurons.n_neurons
    due: dict[str, tuple[str, tuple[int, ...]]] = {
        name: (dtype, (n_neurons,)) for name, dtype in _STATISTICS.items()
    }
    due["pooled"] = (index.dtype, (n_neurons, len(index.sentences_of(number))))
    sample = file.entries.get("sample")
    due["sample"] = (index.dtype, (n_neurons, sample.shape[-1] if sample and sample.shape else 0))
    for name in sorted(set(due) | set(file.entries)):
        entry = file.entries.get(name)
        if name not in due or entry is None or (entry.dtype, entry.shape) != due[name]:
            raise ArtifactError(
                f"{file.path} is no shard: tensor {name!r} is {entry}, due is {due.get(name)}; {REMEDY}"
            )


def _shard_fingerprint(index: LanguageIndex, number: int) -> str:
    sentences = index.sentences_of(number)
    return f"{index.fingerprint}:{sentences.start}-{sentences.stop}:{index.dtype}"


def _shard_path(folder: Path, index: LanguageIndex, number: int) -> Path:
    return folder / index.language / f"shard-{number:05d}.safetensors"
