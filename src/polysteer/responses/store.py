"""Reading responses: chunks of neurons over all languages' sentences, memory-mapped. Needs no torch."""

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.artifacts import tell_damage
from polysteer.errors import ArtifactError
from polysteer.responses.settings import ResponseSettings
from polysteer.responses.shards import Shard, has_shard, read_index, read_shard

Half = npt.NDArray[Any]
"""float16 values, or bfloat16 values as their raw bits in uint16."""


class TokenStatistics(NamedTuple):
    """Over all tokens of one language: numbers per neuron, and a sample of shape (neurons, tokens).

    The sample is empty where nobody asked for one when the responses were collected.
    """

    n_tokens: int
    mean: npt.NDArray[np.float64]
    variance: npt.NDArray[np.float64]
    n_above_zero: npt.NDArray[np.int64]
    sample: Half

    def require_sample(self) -> Half:
        """The sample, for what cannot do without."""
        if not self.sample.shape[1]:
            raise ArtifactError("the responses hold no sample of tokens; run `steer collect`, which adds it")
        return self.sample


class LanguageResponses(NamedTuple):
    """One language's part of a chunk; `pooled` has shape (neurons, sentences)."""

    pooled: Half
    tokens: TokenStatistics


class NeuronChunk(NamedTuple):
    """The neurons from number `start` up to `stop`, in every language.

    `pooled` holds all languages' responses one after the other, and what is in `by_language` are views of it.
    """

    start: int
    stop: int
    by_language: Mapping[str, LanguageResponses]
    pooled: Half
    language_of_sentence: npt.NDArray[np.int64]


class ResponseStore:
    """The finished responses of some languages in a folder; opening it checks every file's checksum."""

    def __init__(self, folder: Path, languages: Sequence[str]) -> None:
        self.languages = tuple(languages)
        self._indices = {language: read_index(folder, language) for language in languages}
        first = self._indices[self.languages[0]]
        for language, index in self._indices.items():
            if (index.neurons, index.dtype, index.pool) != (first.neurons, first.dtype, first.pool):
                raise ArtifactError(
                    f"{folder}: the responses of {language} and of {first.language} differ in sites, "
                    "precision or pooling; collect both again with the same settings"
                )
        self.neurons = first.neurons
        self.pool = first.pool
        self._shards = {
            language: [read_shard(folder, index, number) for number in range(index.n_shards)]
            for language, index in self._indices.items()
        }
        self._chosen: Mapping[str, npt.NDArray[np.int64]] | None = None

    def choose(self, sentences: Mapping[str, npt.NDArray[np.int64]]) -> "ResponseStore":
        """The same store with some sentences of every language, in the order given.

        Token statistics are kept by shard and not by sentence: they stay those of all sentences.
        """
        for language in self.languages:
            chosen, n_read = sentences[language], self._indices[language].n_sentences
            if not len(chosen) or chosen.min() < 0 or chosen.max() >= n_read:
                raise ArtifactError(
                    f"of {language} the sentences {chosen.tolist()} are wanted; there are 0 to {n_read - 1}"
                )
        narrowed = copy(self)
        narrowed._chosen = sentences
        return narrowed

    def n_sentences(self, language: str) -> int:
        """How many sentences of a language were read, or chosen of those."""
        return self._indices[language].n_sentences if self._chosen is None else len(self._chosen[language])

    def n_tokens(self, language: str) -> int:
        """How many tokens they have."""
        return sum(shard.n_tokens for shard in self._shards[language])

    def count_above_zero(self) -> npt.NDArray[np.int64]:
        """How many tokens every neuron is above zero at, of shape (languages, neurons)."""
        counts = [[shard.n_above_zero for shard in self._shards[name]] for name in self.languages]
        return np.stack([np.sum(of_language, axis=0) for of_language in counts])

    def fingerprint(self, language: str) -> str:
        """Of what a language's responses were made from."""
        return self._indices[language].fingerprint

    def read_chunks(self, *, memory_bytes: int) -> Iterator[NeuronChunk]:
        """All neurons in order, as many at a time as fit the memory."""
        for rows in self.plan_chunks(memory_bytes=memory_bytes):
            yield self.read_neurons(rows.start, rows.stop)

    def plan_chunks(self, *, memory_bytes: int) -> list[slice]:
        """The neurons of every chunk: as many as fit the memory."""
        columns = sum(
            shard.pooled.shape[1] + shard.sample.shape[1]
            for shards in self._shards.values()
            for shard in shards
        )
        n_rows, n_neurons = max(1, memory_bytes // (2 * columns)), self.neurons.n_neurons
        return [slice(start, min(start + n_rows, n_neurons)) for start in range(0, n_neurons, n_rows)]

    def read_neurons(self, start: int, stop: int) -> NeuronChunk:
        """The neurons from number `start` up to `stop`."""
        rows = slice(start, stop)
        pooled = self._read_pooled(rows) if self._chosen is None else self._read_chosen(rows, self._chosen)
        n_sentences = [self.n_sentences(language) for language in self.languages]
        by_language, stops = {}, np.cumsum(n_sentences).tolist()
        for language, n_own, last in zip(self.languages, n_sentences, stops, strict=True):
            tokens = _merge_tokens(self._shards[language], rows)
            by_language[language] = LanguageResponses(pooled[:, last - n_own : last], tokens)
        of_sentence = np.repeat(np.arange(len(self.languages)), n_sentences)
        return NeuronChunk(start, stop, by_language, pooled, of_sentence)

    def _read_pooled(self, rows: slice) -> Half:
        shards = [shard for language in self.languages for shard in self._shards[language]]
        return np.concatenate([shard.pooled[rows] for shard in shards], axis=1)

    def _read_chosen(self, rows: slice, chosen: Mapping[str, npt.NDArray[np.int64]]) -> Half:
        parts = []
        for language in self.languages:
            whole = np.concatenate([shard.pooled[rows] for shard in self._shards[language]], axis=1)
            parts.append(whole[:, chosen[language]])
        return np.concatenate(parts, axis=1)


def find_uncollected(
    folder: Path, texts_by_language: Mapping[str, Sequence[str]], settings: ResponseSettings
) -> list[str]:
    """The languages whose responses are not there, not whole, or made from other things."""
    return [
        language
        for language, texts in texts_by_language.items()
        if not _is_collected(folder, language, settings.list_enough(language, texts))
    ]


def _is_collected(folder: Path, language: str, enough: Sequence[str]) -> bool:
    try:
        index = read_index(folder, language)
    except ArtifactError as error:
        tell_damage(error)
        return False
    whole = (has_shard(folder, index, number) for number in range(index.n_shards))
    return index.fingerprint in enough and all(whole)


def _merge_tokens(shards: Sequence[Shard], rows: slice) -> TokenStatistics:
    """Several shards as one: their means weighted, their squares moved to the common mean."""
    counts = np.array([shard.n_tokens for shard in shards], dtype=np.float64)[:, None]
    means = np.stack([shard.mean[rows] for shard in shards])
    mean = (means * counts).sum(axis=0) / counts.sum()
    squares = sum(shard.squares[rows] for shard in shards) + (counts * (means - mean) ** 2).sum(axis=0)
    return TokenStatistics(
        n_tokens=int(counts.sum()),
        mean=mean,
        variance=squares / counts.sum(),
        n_above_zero=np.sum([shard.n_above_zero[rows] for shard in shards], axis=0),
        sample=np.concatenate([shard.sample[rows] for shard in shards], axis=1),
    )
