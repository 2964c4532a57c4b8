"""Scores and values of all neurons for all languages: everything that masks are made from."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.errors import ArtifactError, ConfigError, MaskError
from polysteer.masks.neurons import NeuronTable
from polysteer.progress import Progress, stay_silent
from polysteer.ranking.activation import score_activations
from polysteer.ranking.moments import find_moments
from polysteer.ranking.scores import SCORES as RESPONSE_SCORES
from polysteer.ranking.scores import score_neurons
from polysteer.ranking.values import find_values_by_language
from polysteer.responses.store import NeuronChunk, ResponseStore
from polysteer.tensorfile import open_artifact, write_tensors

ByLanguage = npt.NDArray[np.float32]
"""Of shape (languages, neurons)."""

SCORES = (*RESPONSE_SCORES, "lape")
REMEDY = "run `steer rank`, which makes it anew"

# What scoring holds beside a chunk, measured: it works on a few rows at a time.
_WORKING_BYTES = 10 << 20


@dataclass(frozen=True, eq=False)
class RankTable:
    """By the name of a score, value or other statistic, a number per language and neuron.

    `statistics` are what interventions other than `set` and `ablate` need; their maps start from `source`,
    None meaning all languages but the target.
    """

    languages: tuple[str, ...]
    neurons: NeuronTable
    scores: Mapping[str, ByLanguage]
    values: Mapping[str, ByLanguage]
    statistics: Mapping[str, ByLanguage] = field(default_factory=dict)
    source: str | None = None

    def scores_of(self, score: str) -> ByLanguage:
        """All languages' scores."""
        return _pick(self.scores, score, "score")

    def values_of(self, statistic: str, language: str) -> npt.NDArray[np.float32]:
        """One language's values."""
        values: npt.NDArray[np.float32] = _pick(self.values, statistic, "value")[self.index_of(language)]
        return values

    def only(self, sites: Sequence[str]) -> "RankTable":
        """The part of some sites. What LAPE calls active stays what it is among all of them."""
        if set(sites) == set(self.neurons.sites):
            return self
        neurons, kept = self.neurons.only(sites), self.neurons.numbers_at(sites)
        scores, values, statistics = (
            {name: numbers[:, kept] for name, numbers in tables.items()}
            for tables in (self.scores, self.values, self.statistics)
        )
        return RankTable(self.languages, neurons, scores, values, statistics, self.source)

    def source_languages(self, target: str) -> list[str]:
        """Where the target's maps start."""
        return [self.source] if self.source else [name for name in self.languages if name != target]

    def index_of(self, language: str) -> int:
        """The row of a language."""
        if language not in self.languages:
            raise ConfigError(f"{language!r} was not ranked; ranked are {', '.join(self.languages)}")
        return self.languages.index(language)

    def save(self, path: Path, *, stamp: str) -> None:
        """Write the table; `stamp` is the fingerprint of what it was made from."""
        tensors = {f"score/{name}": scores for name, scores in self.scores.items()}
        tensors |= {f"value/{name}": values for name, values in self.values.items()}
        tensors |= {f"statistic/{name}": numbers for name, numbers in self.statistics.items()}
        facts = {
            "languages": self.languages,
            "sites": self.neurons.sites,
            "widths": self.neurons.widths,
            "n_blocks": self.neurons.n_blocks,
            "source": self.source,
        }
        write_tensors(path, tensors, {"fingerprint": stamp, "table": json.dumps(facts)})

    @classmethod
    def load(cls, path: Path) -> "RankTable":
        """Read a table."""
        file = open_artifact(path, remedy=REMEDY)
        try:
            facts = json.loads(file.metadata["table"])
            neurons = NeuronTable(tuple(facts["sites"]), tuple(facts["widths"]), facts["n_blocks"])
            languages, source = tuple(facts["languages"]), facts.get("source")
        except (KeyError, TypeError, ValueError, MaskError) as error:
            raise ArtifactError(f"{path} is no table of scores; delete it and {REMEDY}") from error
        arrays: dict[str, dict[str, ByLanguage]] = {"score": {}, "value": {}, "statistic": {}}
        for name, entry in file.entries.items():
            kind, _, key = name.partition("/")
            if kind not in arrays or entry.shape != (len(languages), neurons.n_neurons):
                raise ArtifactError(
                    f"{path} is no table of scores: {name} has shape {entry.shape}; delete it and {REMEDY}"
                )
            arrays[kind][key] = file.read(name)
        return cls(languages, neurons, arrays["score"], arrays["value"], arrays["statistic"], source)


def rank_responses(
    store: ResponseStore,
    *,
    scores: Sequence[str],
    values: Sequence[str],
    statistics: Sequence[str] = (),
    source: str | None = None,
    memory_bytes: int = 1 << 28,
    progress: Progress = stay_silent,
) -> RankTable:
    """Every score, value and other statistic in one reading of the responses, within `memory_bytes`.

    The table itself, which grows with languages and neurons, is not counted.
    """
    languages, n_neurons = store.languages, store.neurons.n_neurons
    wanted = _Wanted(scores, values, statistics, source)
    tables: dict[str, dict[str, ByLanguage]] = {
        kind: {name: np.empty((len(languages), n_neurons), np.float32) for name in names}
        for kind, names in (("score", scores), ("value", values), ("statistic", statistics))
    }
    n_above_zero = np.zeros((len(languages), n_neurons if "lape" in scores else 0), np.int64)
    for rows in store.plan_chunks(memory_bytes=max(memory_bytes - _WORKING_BYTES, memory_bytes // 4)):
        # In a function of its own, so that a chunk is gone before the next one is read.
        counts = _rank_chunk(store.read_neurons(rows.start, rows.stop), wanted, tables)
        if "lape" in scores:
            n_above_zero[:, rows] = counts
        progress("rank", rows.stop, n_neurons)
    if "lape" in scores:
        n_tokens = np.array([store.n_tokens(language) for language in languages])
        tables["score"]["lape"][:] = score_activations(n_above_zero, n_tokens)
    return RankTable(languages, store.neurons, tables["score"], tables["value"], tables["statistic"], source)


def narrow_table(table: RankTable, store: ResponseStore, sites: Sequence[str]) -> RankTable:
    """The table that the responses of some sites alone give: LAPE looks at all neurons together."""
    narrowed = table.only(sites)
    if narrowed is table or "lape" not in table.scores:
        return narrowed
    n_above_zero = store.count_above_zero()[:, table.neurons.numbers_at(sites)]
    n_tokens = np.array([store.n_tokens(language) for language in store.languages])
    lape = score_activations(n_above_zero, n_tokens).astype(np.float32)
    return replace(narrowed, scores={**narrowed.scores, "lape": lape})


class _Wanted(NamedTuple):
    """What is to be computed."""

    scores: Sequence[str]
    values: Sequence[str]
    statistics: Sequence[str]
    source: str | None


def _rank_chunk(
    chunk: NeuronChunk, wanted: _Wanted, tables: Mapping[str, Mapping[str, ByLanguage]]
) -> npt.NDArray[np.int64]:
    """Fill in one chunk's neurons, and count how often each is above zero in every language."""
    neurons, by_language = slice(chunk.start, chunk.stop), chunk.by_language
    of_responses = [name for name in wanted.scores if name != "lape"]
    if "auroc" in wanted.statistics and "auroc" not in of_responses:
        of_responses.append("auroc")
    if of_responses:
        found = score_neurons(
            chunk.pooled, chunk.language_of_sentence, n_languages=len(by_language), scores=of_responses
        )
        for kind in ("score", "statistic"):
            for name in found.keys() & tables[kind].keys():
                tables[kind][name][:, neurons] = found[name]
    for name in wanted.values:
        tables["value"][name][:, neurons] = find_values_by_language(name, by_language)
    moments = [name for name in wanted.statistics if name != "auroc"]
    for name, numbers in find_moments(moments, by_language, source=wanted.source).items():
        tables["statistic"][name][:, neurons] = numbers
    return np.stack([responses.tokens.n_above_zero for responses in by_language.values()])


def _pick(tables: Mapping[str, ByLanguage], name: str, kind: str) -> ByLanguage:
    if name not in tables:
        raise ConfigError(f"the {kind} {name!r} was not computed; there are {', '.join(tables)}")
    return tables[name]
