"""A model reading the splits of a corpus, plain or under a mask; loaded when there is something to read."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from functools import cached_property

import numpy as np

from polysteer.config import Experiment
from polysteer.corpus.corpus_table import Corpus
from polysteer.corpus.tagged_words import TaggedSentence, find_words
from polysteer.embeddings.encode import PreparedTexts, batch_tokens, encode_batches, tokenize_for
from polysteer.embeddings.words import Place, encode_words
from polysteer.errors import ModelError
from polysteer.metrics.perplexity import LanguageLoss
from polysteer.models.batch_writing import write_texts
from polysteer.models.intervene import Mask, intervene
from polysteer.models.loading import LoadedModel
from polysteer.models.shape import ModelShape
from polysteer.models.sites import describe_shape
from polysteer.models.tokens import Cuts, Tokens, join_tokens, keep_read
from polysteer.models.written_text import Writing, WrittenText
from polysteer.terms import Layer
from polysteer.trials.encoded import LanguageVectors, TokenCounts, WordVectors


class Reader:
    """Tokenizes each split once, and reads it under any number of masks."""

    def __init__(self, load: Callable[[], LoadedModel], corpus: Corpus, settings: Experiment) -> None:
        self._load, self._corpus, self._settings = load, corpus, settings
        self._embed = settings.embed
        self._tokens: dict[str, dict[str, Tokens]] = {}
        self._prepared: dict[tuple[str, ...], PreparedTexts] = {}

    @cached_property
    def loaded(self) -> LoadedModel:
        """The model; asking for it loads it."""
        return self._load()

    def load_another(self) -> LoadedModel:
        """A second copy of the model, to be changed."""
        return self._load()

    def with_model(self, loaded: LoadedModel) -> "Reader":
        """The same texts before another model with the same tokenizer."""
        reader = copy(self)
        reader.loaded = loaded
        return reader

    def shape(self) -> ModelShape:
        """What a mask has to agree with."""
        return describe_shape(self.loaded.model, overrides=self._settings.model.overrides)

    def read(
        self,
        split: str,
        languages: Sequence[str],
        *,
        layers: Sequence[Layer],
        n_losses: int | None = 0,
    ) -> dict[str, LanguageVectors]:
        """Each language's vectors, and the losses of its first `n_losses` sentences, None for all.

        Where that is all, how often each token was expected comes with them. Sentences of one length share
        a batch whatever their language, so many languages at once are faster; the last bits of 16-bit
        numbers depend on which languages are read together.
        """
        texts = {language: self._keep_read(split, language) for language in languages}
        n_texts = [len(rows) for rows in texts.values()]
        most = n_losses if self._predicts else 0
        n_lost = [n if most is None else min(most, n) for n in n_texts]
        encoded = encode_batches(
            self.loaded.model,
            self._prepare(split, languages),
            layers=layers,
            pool=self._embed.pool,
            losses=np.concatenate([np.arange(n) < lost for n, lost in zip(n_texts, n_lost, strict=True)]),
            groups=np.repeat(np.arange(len(texts)), n_texts) if most is None else None,
        )
        names, read, stop = tuple(str(layer) for layer in layers), {}, 0
        for number, (language, rows) in enumerate(texts.items()):
            start, stop = stop, stop + len(rows)
            lost = slice(start, start + n_lost[number])
            loss = _sum_losses(encoded.token_nll[lost], encoded.n_tokens[lost], rows[: n_lost[number]])
            expected = None if encoded.expected is None else encoded.expected[number]
            read[language] = LanguageVectors(names, encoded.vectors[:, start:stop], loss, expected)
        return read

    def read_words(self, sentences: Sequence[TaggedSentence], *, layers: Sequence[Layer]) -> WordVectors:
        """The vectors of the words that are written in the sentences."""
        places = [
            (Place(text, *span), sentence.row, word)
            for text, sentence in enumerate(sentences)
            for word, span in enumerate(find_words(sentence.text, sentence.words))
            if span is not None
        ]
        encoded = encode_words(
            self.loaded,
            [sentence.text for sentence in sentences],
            [place for place, _, _ in places],
            layers=layers,
            token_budget=self._embed.token_budget,
        )
        kept = np.array([places[i][1:] for i in encoded.places], dtype=np.int32).reshape(-1, 2)
        names = tuple(str(layer) for layer in layers)
        return WordVectors(names, encoded.vectors, kept[:, 0].copy(), kept[:, 1].copy())

    def count_tokens(self, split: str, language: str) -> TokenCounts:
        """Which tokens the model is given of the text."""
        tokens = self._tokenize(split)[language]
        ids, counts = np.unique(tokens.ids[~np.isin(tokens.ids, tokens.special_ids)], return_counts=True)
        return TokenCounts(ids.astype(np.int32), counts.astype(np.int64))

    def write(self, texts: Sequence[str], writing: Writing) -> list[WrittenText]:
        """What follows each text."""
        if not self.loaded.model.can_generate():
            raise ModelError(
                f"{type(self.loaded.model).__name__} writes no text, so there is nothing to generate or "
                "translate; write 'generate: null' and 'translate: null' under 'evaluate', or give a causal "
                "language model"
            )
        return write_texts(self.loaded, texts, writing, token_budget=self._embed.token_budget)

    @contextmanager
    def steered(self, mask: Mask, strength: float) -> Iterator[None]:
        """Whatever is read inside the block is read under the mask."""
        with intervene(
            self.loaded.model,
            mask,
            strength=strength,
            where=self._settings.steer.where,
            overrides=self._settings.model.overrides,
        ):
            yield

    @cached_property
    def _predicts(self) -> bool:
        return "perplexity" in self._settings.evaluate.families and self.loaded.model.can_generate()

    def _prepare(self, split: str, languages: Sequence[str]) -> PreparedTexts:
        key = (split, *languages)
        if key not in self._prepared:
            together = join_tokens([self._tokenize(split)[language] for language in languages])
            self._prepared[key] = batch_tokens(
                self.loaded.model, together, token_budget=self._embed.token_budget
            )
        return self._prepared[key]

    def _keep_read(self, split: str, language: str) -> list[str]:
        texts, tokens = self._corpus.texts(language, split), self._tokenize(split)[language]
        return keep_read(self.loaded.tokenizer, texts, tokens)

    def _tokenize(self, split: str) -> dict[str, Tokens]:
        """Every language's, as all are read sooner or later; so what is cut is said once for each split."""
        if split not in self._tokens:
            found, cuts = {}, Cuts()
            for language in self._corpus.languages:
                texts = self._corpus.texts(language, split)
                found[language] = tokenize_for(self.loaded, texts, include_specials=self._embed.specials)
                cuts.add(found[language])
            cuts.tell(f"texts of {split}")
            self._tokens[split] = found
        return self._tokens[split]


def _sum_losses(
    token_nll: np.ndarray[tuple[int], np.dtype[np.float32]],
    n_tokens: np.ndarray[tuple[int], np.dtype[np.int64]],
    texts: Sequence[str],
) -> LanguageLoss | None:
    if not texts:
        return None
    n_bytes = sum(len(text.encode()) for text in texts)
    return LanguageLoss(float(token_nll.sum(dtype=np.float64)), int(n_tokens.sum()), n_bytes)
