"""A model under a mask as the encoder that sentence-transformers' and MTEB's users expect."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from polysteer.embeddings.encode import encode_texts
from polysteer.embeddings.pooling import Pool
from polysteer.errors import ModelError
from polysteer.models.intervene import Mask, intervene
from polysteer.models.layers import list_layers
from polysteer.models.loading import LoadedModel, load_model
from polysteer.models.positions import Where
from polysteer.models.shape import Layer
from polysteer.models.sites import Overrides

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
        layer: Layer = "final",
        pool: Pool = "mean",
        strength: float = 1.0,
        intervention: str | None = None,
        where: Where = "real",
        overrides: Overrides | None = None,
        token_budget: int = 4096,
    ) -> None:
        """`model` is what `load_model` takes, or what it gives."""
        self._loaded = load_model(model) if isinstance(model, str) else LoadedModel(*model)
        if layer not in list_layers(self._loaded.model):
            n_blocks = len(list_layers(self._loaded.model)) - 2
            raise ModelError(f"the model has no layer {layer!r}; it has 0 to {n_blocks} and final")
        self._mask, self._layer, self._pool = mask, layer, pool
        self._strength, self._intervention, self._where = strength, intervention, where
        self._overrides, self._token_budget = overrides, token_budget

    def encode(
        self,
        sentences: Sentences,
        *,
        normalize_embeddings: bool = False,
        convert_to_tensor: bool = False,
        **_unused: object,
    ) -> npt.NDArray[np.float32] | Tensor:
        """Vectors [sentence, width]; of a single string one vector.

        MTEB hands over batches of `{"text": [...]}` instead. What both libraries pass besides (batch sizes,
        progress bars, task names, prompts) has no meaning here: a batch is filled by tokens, and no prompt
        is put before a text.
        """
        texts = [sentences] if isinstance(sentences, str) else _list_texts(sentences)
        with self._steering():
            vectors = encode_texts(
                self._loaded, texts, layers=[self._layer], pool=self._pool, token_budget=self._token_budget
            ).vectors[0]
        if normalize_embeddings:
            vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors = vectors[0] if isinstance(sentences, str) else vectors
        return torch.from_numpy(vectors) if convert_to_tensor else vectors

    def similarity(self, embeddings1: Vectors, embeddings2: Vectors) -> Tensor:
        """Cosines of every vector of the one with every vector of the other, [first, second]."""
        return _normalize(embeddings1) @ _normalize(embeddings2).T

    def similarity_pairwise(self, embeddings1: Vectors, embeddings2: Vectors) -> Tensor:
        """Cosines of vectors in the same row, [row]."""
        return (_normalize(embeddings1) * _normalize(embeddings2)).sum(-1)

    def _steering(self) -> AbstractContextManager[None]:
        if self._mask is None:
            return nullcontext()
        return intervene(
            self._loaded.model,
            self._mask,
            strength=self._strength,
            intervention=self._intervention,
            where=self._where,
            overrides=self._overrides,
        )


def _normalize(vectors: Vectors) -> Tensor:
    rows = torch.as_tensor(vectors).float()
    return torch.nn.functional.normalize(rows if rows.ndim > 1 else rows[None], dim=-1)


def _list_texts(sentences: Sequence[str] | Iterable[Mapping[str, Sequence[str]]]) -> list[str]:
    texts: list[str] = []
    for part in sentences:
        texts.extend([part] if isinstance(part, str) else part["text"])
    return texts
