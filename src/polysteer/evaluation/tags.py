"""The tag probe: what part of speech a word is, read off its vector at every layer of the plain model."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.corpus.tagged_words import UNTAGGED, has_tags
from polysteer.evaluation.case import Case
from polysteer.evaluation.common_rows import list_series
from polysteer.metrics.names import ALL, CHANCE_SUFFIX, PROBE_TAG
from polysteer.metrics.probes import ProbeByLanguage, probe_rows
from polysteer.metrics.series import Series
from polysteer.store.rows import MetricRow
from polysteer.trials.encoded import StoredVectors


class TaggedWords(NamedTuple):
    """The vectors of one layer's words by language, with their tags and the ids of their sentences."""

    vectors: dict[str, npt.NDArray[np.float32]]
    tags: dict[str, list[str]]
    sentences: dict[str, list[str]]


def list_tag_probe(
    case: Case, row: MetricRow, condition: str, *, picked: Collection[str]
) -> Iterator[MetricRow]:
    """Of all tagged languages together, and of each at the layers `picked`; nothing without two tags."""
    if not case.settings.most_words:
        return
    corpus = case.corpus
    languages = [
        name for name in corpus.languages if all(has_tags(corpus, name, split) for split in ("find", "test"))
    ]
    layers = StoredVectors(case.layout.words(condition, "test", languages[0])).layers if languages else ()
    for layer in layers:
        find, test = (read_words(case, condition, split, languages, layer) for split in ("find", "test"))
        if len({tag for tags in find.tags.values() for tag in tags}) < 2 or not any(test.tags.values()):
            return
        probe = probe_rows(find.vectors, find.tags, test.vectors, test.tags)
        series = list(_list_series(probe, test.sentences, in_detail=layer in picked))
        of_layer = replace(row, layer=layer, embedding_pooling=None)
        yield from list_series(case, of_layer, series)


def read_words(case: Case, condition: str, split: str, languages: Sequence[str], layer: str) -> TaggedWords:
    """The words that have a tag and a vector; their tags stand in the corpus."""
    read = TaggedWords({}, {}, {})
    for language in languages:
        stored = StoredVectors(case.layout.words(condition, split, language))
        words = stored.list_words()
        rows, ids = case.corpus.rows(language, split)["upos"].to_pylist(), case.corpus.ids(split, language)
        all_tags = [rows[sentence][word] for sentence, word in words]
        kept = [i for i, tag in enumerate(all_tags) if tag and tag != UNTAGGED]
        read.vectors[language] = stored.at_layer(layer)[kept]
        read.tags[language] = [all_tags[i] for i in kept]
        read.sentences[language] = [ids[words[i][0]] for i in kept]
    return read


def average_by_sentence(hits: npt.NDArray[np.bool_], sentences: Sequence[str]) -> npt.NDArray[np.float64]:
    """One value per sentence, whose mean is the share of all words: what sentences are resampled by.

    Words of a sentence are not drawn one by one. A share of words is a ratio of two sums over sentences; its
    linear part in each is the value.
    """
    _, place = np.unique(np.asarray(sentences), return_inverse=True)
    n_words, n_hits = np.bincount(place), np.bincount(place, weights=hits)
    share = n_hits.sum() / n_words.sum()
    values: npt.NDArray[np.float64] = share + (n_hits - share * n_words) / n_words.mean()
    return values


def _list_series(
    probe: ProbeByLanguage, sentences: Mapping[str, Sequence[str]], *, in_detail: bool
) -> Iterator[Series]:
    """Sentences that are translations of each other are resampled together."""
    together = [sentence for of_language in sentences.values() for sentence in of_language]
    for metric, found in ((PROBE_TAG, probe.hits), (PROBE_TAG + CHANCE_SUFFIX, probe.guesses)):
        values = average_by_sentence(np.concatenate(list(found.values())), together)
        yield Series(metric, ALL, ALL, values[None])
    for language, hits in probe.hits.items() if in_detail else ():
        if len(hits):
            yield Series(PROBE_TAG, language, None, average_by_sentence(hits, sentences[language])[None])
