"""A model reading the splits of a corpus, plain or under a mask; loaded when there is something to read."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property

import numpy as np

from polysteer.corpus.table import Corpus
from polysteer.embeddings.encode import PreparedTexts, encode_batches, prepare_texts
from polysteer.embeddings.pooling import Pool
from polysteer.metrics.pairing import Pairings, retrieve_shared
from polysteer.metrics.perplexity import LanguageLoss
from polysteer.metrics.retrieval import retrieve_translations
from polysteer.models.intervene import Mask, intervene
from polysteer.models.layers import Layer, list_layers
from polysteer.models.loading import LoadedModel
from polysteer.models.positions import Where
from polysteer.models.sites import Overrides
from polysteer.trials.judgement import Judgement
from polysteer.trials.vectors import LanguageVectors


class Reader:
    """Tokenizes each split once, and reads it under any number of masks."""

    def __init__(
        self,
        load: Callable[[], LoadedModel],
        corpus: Corpus,
        *,
        pool: Pool,
        token_budget: int,
        overrides: Overrides,
        where: Where,
        measures_losses: bool,
    ) -> None:
        self._load = load
        self._corpus = corpus
        self._pool = pool
        self._token_budget = token_budget
        self._overrides = overrides
        self._where = where
        self._measures_losses = measures_losses
        self._prepared: dict[tuple[str, ...], PreparedTexts] = {}

    @cached_property
    def loaded(self) -> LoadedModel:
        """The model; asking for it loads it."""
        return self._load()

    def all_layers(self) -> list[Layer]:
        """Every layer of the model."""
        return list(list_layers(self.loaded.model))

    def read(
        self,
        split: str,
        languages: Sequence[str],
        *,
        layers: Sequence[Layer],
        n_losses: int | None = 0,
    ) -> dict[str, LanguageVectors]:
        """Each language's vectors, and the losses of its first `n_losses` sentences, None for all.

        Sentences of one length share a batch whatever their language, so many languages at once are
        faster; the last bits of 16-bit numbers depend on which languages are read together.
        """
        texts = {language: self._corpus.texts(language, split) for language in languages}
        n_lost = {
            language: (len(rows) if n_losses is None else min(n_losses, len(rows))) if self._predicts else 0
            for language, rows in texts.items()
        }
        losses = np.concatenate([np.arange(len(rows)) < n_lost[name] for name, rows in texts.items()])
        encoded = encode_batches(
            self.loaded.model,
            self._prepare(split, texts),
            layers=layers,
            pool=self._pool,
            losses=losses,
        )
        read, start = {}, 0
        for language, rows in texts.items():
            whole = slice(start, start + len(rows))
            lost = slice(start, start + n_lost[language])
            loss = _sum_losses(encoded.token_nll[lost], encoded.n_tokens[lost], rows[: n_lost[language]])
            names = tuple(str(layer) for layer in layers)
            read[language] = LanguageVectors(names, encoded.vectors[:, whole], loss)
            start += len(rows)
        return read

    @contextmanager
    def steered(self, mask: Mask, strength: float) -> Iterator[None]:
        """Whatever is read inside the block is read under the mask."""
        with intervene(
            self.loaded.model, mask, strength=strength, where=self._where, overrides=self._overrides
        ):
            yield

    @cached_property
    def _predicts(self) -> bool:
        return self._measures_losses and self.loaded.model.can_generate()

    def _prepare(self, split: str, texts: Mapping[str, Sequence[str]]) -> PreparedTexts:
        key = (split, *texts)
        if key not in self._prepared:
            together = [text for rows in texts.values() for text in rows]
            self._prepared[key] = prepare_texts(self.loaded, together, token_budget=self._token_budget)
        return self._prepared[key]


def judge_vectors(
    label: str, read: Mapping[str, LanguageVectors], pairings: Pairings | None = None
) -> Judgement:
    """Retrieval at each layer among the vectors of all languages."""
    layers = next(iter(read.values())).layers
    retrieval = {
        layer: retrieve_shared(
            {language: found.at_layer(layer) for language, found in read.items()},
            pairings,
            retrieve_translations,
        )
        for layer in layers
    }
    losses = {language: found.loss for language, found in read.items() if found.loss is not None}
    return Judgement(label, retrieval, losses)


def _sum_losses(
    token_nll: np.ndarray[tuple[int], np.dtype[np.float32]],
    n_tokens: np.ndarray[tuple[int], np.dtype[np.int64]],
    texts: Sequence[str],
) -> LanguageLoss | None:
    if not texts:
        return None
    n_bytes = sum(len(text.encode()) for text in texts)
    return LanguageLoss(float(token_nll.sum(dtype=np.float64)), int(n_tokens.sum()), n_bytes)
