"""A model under a mask as the encoder that sentence-transformers' and MTEB's users expect."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from polysteer.embeddings.encode import batch_tokens, encode_batches, tokenize_for
from polysteer.errors import ModelError, NumericError
from polysteer.masks.chosen import settle
from polysteer.models.intervene import Mask, intervene
from polysteer.models.layers import list_layers, read_layer
from polysteer.models.loading import LoadedModel, load_model
from polysteer.models.sites import Overrides
from polysteer.models.tokens import Cuts, Tokens
from polysteer.terms import EmbeddingPool, Layer, Where

Vectors = npt.NDArray[np.float32] | Tensor
Sentences = str | Sequence[str] | Iterable[Mapping[str, Sequence[str]]]


class SteeredEncoder:
    """Turns sentences into vectors of one layer, with a mask's neurons held, or none."""

    mteb_model_meta: None = None  # MTEB asks every encoder for it, and fills in an empty one

    def __init__(
        self,
        model: str | tuple[PreTrainedModel, PreTrainedTokenizerBase],
        *,
        mask: Mask | None = None,
        layer: Layer | None = None,
        pool: EmbeddingPool | None = None,
        strength: float | None = None,
        intervention: str | None = None,
        where: Where | None = None,
        include_specials: bool | None = None,
        overrides: Overrides | None = None,
        token_budget: int = 4096,
    ) -> None:
        """`model` is what `load_model` takes, or what it gives.

        What is left out is as the mask was chosen: see `ChosenSettings`. Without such a mask it is the mean
        of the last layer, special tokens apart, and strength 1 at all real tokens.
        """
        chosen = mask.chosen if mask else None
        self._settings = settle(chosen, pool=pool, strength=strength, where=where, specials=include_specials)
        self._layer = read_layer(self._settings.layer) if layer is None else layer
        self._loaded = (
            load_model(model, dtype=self._settings.dtype) if isinstance(model, str) else LoadedModel(*model)
        )
        if self._layer not in list_layers(self._loaded.model):
            n_blocks = len(list_layers(self._loaded.model)) - 2
            raise ModelError(f"the model has no layer {self._layer!r}; it has 0 to {n_blocks} and final")
        self._mask, self._intervention = mask, intervention
        self._overrides, self._token_budget = overrides, token_budget

    def encode(
        self,
        sentences: Sentences,
        *,
        normalize_embeddings: bool = False,
        convert_to_tensor: bool = False,
        allow_blank: bool = False,
        cuts: Cuts | None = None,
        **_unused: object,
    ) -> npt.NDArray[np.float32] | Tensor:
        """Vectors [sentence, width]; of a single string one vector.

        MTEB hands over batches of `{"text": [...]}` instead. What both libraries pass besides (batch sizes,
        progress bars, task names, prompts) has no meaning here: a batch is filled by tokens, and no prompt
        is put before a text. A text in which no token counts is refused, or with `allow_blank` all zeros.
        With `cuts`, texts that had to be cut are counted there, and the caller says so.
        """
        texts = [sentences] if isinstance(sentences, str) else _list_texts(sentences)
        tokens = tokenize_for(
            self._loaded, texts, include_specials=self._settings.specials, allow_empty=allow_blank
        )
        counted = cuts or Cuts()
        counted.add(tokens)
        if cuts is None:
            counted.tell()
        vectors = self._read(tokens)
        is_blank = tokens.n_real == 0
        _refuse_zeros(vectors, is_blank, texts)
        if normalize_embeddings:
            lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
            vectors = (vectors / np.where(is_blank[:, None], 1, lengths)).astype(np.float32)
        vectors = vectors[0] if isinstance(sentences, str) else vectors
        return torch.from_numpy(vectors) if convert_to_tensor else vectors

    def similarity(self, embeddings1: Vectors, embeddings2: Vectors) -> Tensor:
        """Cosines of every vector of the one with every vector of the other, [first, second]."""
        return _normalize(embeddings1) @ _normalize(embeddings2).T

    def similarity_pairwise(self, embeddings1: Vectors, embeddings2: Vectors) -> Tensor:
        """Cosines of vectors in the same row, [row]."""
        return (_normalize(embeddings1) * _normalize(embeddings2)).sum(-1)

    def _read(self, tokens: Tokens) -> npt.NDArray[np.float32]:
        model, pool = self._loaded.model, self._settings.pool
        prepared = batch_tokens(model, tokens, token_budget=self._token_budget)
        with self._steering():
            encoded = encode_batches(model, prepared, layers=[self._layer], pool=pool)
        vectors: npt.NDArray[np.float32] = encoded.vectors[0]
        return vectors

    def _steering(self) -> AbstractContextManager[None]:
        if self._mask is None:
            return nullcontext()
        return intervene(
            self._loaded.model,
            self._mask,
            strength=self._settings.strength,
            intervention=self._intervention,
            where=self._settings.where,
            overrides=self._overrides,
        )


def _refuse_zeros(
    vectors: npt.NDArray[np.float32], is_blank: npt.NDArray[np.bool_], texts: Sequence[str]
) -> None:
    """A norm makes zeros of states that are too large for it."""
    is_lost = ~vectors.any(axis=1) & ~is_blank
    if is_lost.any():
        text = int(is_lost.argmax())
        raise NumericError(
            f"the vector of text {text} ({texts[text][:80]!r}) is zero: nothing of the text is left; hold "
            "fewer neurons or at smaller values, or take another layer"
        )


def _normalize(vectors: Vectors) -> Tensor:
    rows = torch.as_tensor(vectors).float()
    return torch.nn.functional.normalize(rows if rows.ndim > 1 else rows[None], dim=-1)


def _list_texts(sentences: Sequence[str] | Iterable[Mapping[str, Sequence[str]]]) -> list[str]:
    texts: list[str] = []
    for part in sentences:
        texts.extend([part] if isinstance(part, str) else part["text"])
    return texts
