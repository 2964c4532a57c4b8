"""Sentence vectors of many layers, and next-token losses, from one forward pass per batch."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from transformers import PreTrainedModel

from polysteer.embeddings.pooling import pool_tokens
from polysteer.errors import ModelError, NumericError
from polysteer.models.anatomy import dissect_model
from polysteer.models.backbone import find_input_device
from polysteer.models.batches import Batch, make_batch, plan_batches
from polysteer.models.layers import capture_layers
from polysteer.models.limits import find_limit
from polysteer.models.loading import LoadedModel
from polysteer.models.losses import ExpectedTokens, LossHead, find_predicted
from polysteer.models.tokens import Cuts, Tokens, tokenize_texts
from polysteer.terms import EmbeddingPool, Layer


class EncodedTexts(NamedTuple):
    """What a model makes of texts, in the order they were given."""

    vectors: npt.NDArray[np.float32]  # [layer, text, width]
    token_nll: npt.NDArray[np.float32]  # [text], summed over its tokens, in nats; NaN where not asked for
    n_tokens: npt.NDArray[np.int64]  # [text], over how many tokens token_nll is summed
    expected: npt.NDArray[np.float32] | None = None  # [group, vocabulary], where groups were given


class PreparedTexts(NamedTuple):
    """Texts tokenized and put into batches once, to be encoded under any number of interventions."""

    batches: tuple[Batch, ...]
    n_texts: int


def encode_texts(
    loaded: LoadedModel,
    texts: Sequence[str],
    *,
    layers: Sequence[Layer],
    pool: EmbeddingPool = "mean",
    token_budget: int = 4096,
    losses: npt.NDArray[np.bool_] | None = None,
) -> EncodedTexts:
    """Prepare and encode texts, under whatever intervention is on; what had to be cut is said."""
    prepared = prepare_texts(loaded, texts, token_budget=token_budget)
    return encode_batches(loaded.model, prepared, layers=layers, pool=pool, losses=losses)


def prepare_texts(
    loaded: LoadedModel,
    texts: Sequence[str],
    *,
    token_budget: int = 4096,
    include_specials: bool = False,
) -> PreparedTexts:
    """Tokenize texts, say how many had to be cut, and put them into batches on the model's device."""
    tokens, cuts = tokenize_for(loaded, texts, include_specials=include_specials), Cuts()
    cuts.add(tokens)
    cuts.tell()
    return batch_tokens(loaded.model, tokens, token_budget=token_budget)


def tokenize_for(
    loaded: LoadedModel, texts: Sequence[str], *, include_specials: bool = False, allow_empty: bool = False
) -> Tokens:
    """Texts as a model can read them; one in which no token counts is refused, unless that is allowed."""
    tokens = tokenize_texts(
        loaded.tokenizer,
        texts,
        max_tokens=find_limit(loaded.model),
        include_specials=include_specials,
        allow_empty=allow_empty,
    )
    if not allow_empty and not tokens.n_real.all():
        text = int(np.argmin(tokens.n_real))
        raise ModelError(f"text {text} ({texts[text]!r}) has special tokens alone; leave such texts out")
    return tokens


def batch_tokens(model: PreTrainedModel, tokens: Tokens, *, token_budget: int) -> PreparedTexts:
    """Batches on the model's device of all texts in which tokens count: the others get vectors of zeros."""
    device, counting = find_input_device(model), np.flatnonzero(tokens.n_real)
    plan = plan_batches(tokens.n_tokens[counting], token_budget=token_budget)
    batches = tuple(make_batch(tokens, counting[index], device=device) for index in plan)
    return PreparedTexts(batches, len(tokens.n_tokens))


def encode_batches(
    model: PreTrainedModel,
    prepared: PreparedTexts,
    *,
    layers: Sequence[Layer],
    pool: EmbeddingPool = "mean",
    losses: npt.NDArray[np.bool_] | None = None,
    groups: npt.NDArray[np.int64] | None = None,
) -> EncodedTexts:
    """Vectors of all `layers`, and the losses of the texts that `losses` marks, in one pass per batch.

    Nothing above the highest layer is run, unless losses are asked for. Whatever intervention is on acts.
    With `groups`, the number of each text's group from 0, what is expected where there are losses is summed.
    """
    n_texts, width = prepared.n_texts, dissect_model(model).width
    encoded = EncodedTexts(
        np.zeros((len(layers), n_texts, width), dtype=np.float32),
        np.full(n_texts, np.nan, dtype=np.float32),
        np.zeros(n_texts, dtype=np.int64),
    )
    encoder = _Encoder(model, layers, pool=pool, losses=losses, groups=groups)
    with torch.inference_mode(), capture_layers(model, encoder.needed_layers, encoder.see) as capture:
        for batch in prepared.batches:
            encoder.begin(batch)
            capture.run(batch.input_ids, attention_mask=batch.attention_mask, position_ids=batch.position_ids)
            encoder.write(encoded)
    _refuse_non_finite(encoded, layers)
    return encoded._replace(expected=encoder.expected.sums() if encoder.expected else None)


class _Encoder:
    """Pools each layer as it is captured, so that no layer's hidden states outlive the pass."""

    def __init__(
        self,
        model: PreTrainedModel,
        layers: Sequence[Layer],
        *,
        pool: EmbeddingPool,
        losses: npt.NDArray[np.bool_] | None,
        groups: npt.NDArray[np.int64] | None,
    ) -> None:
        self._layers, self._pool = layers, pool
        self._losses = losses if losses is not None and losses.any() else None
        self._head = None if self._losses is None else LossHead(model)
        self._groups = None if groups is None else torch.from_numpy(groups)
        self.expected = None if groups is None else ExpectedTokens(int(groups.max()) + 1)
        self.needed_layers: Sequence[Layer] = [*layers, "final"] if self._head else layers

    def begin(self, batch: Batch) -> None:
        self._batch = batch
        self._predicted = find_predicted(batch.ordinary, batch.attention_mask)
        self._vectors: dict[Layer, Tensor] = {}
        self._token_nll: tuple[npt.NDArray[np.int64], Tensor] | None = None

    def see(self, layer: Layer, hidden: Tensor) -> None:
        if layer in self._layers:
            self._vectors[layer] = pool_tokens(hidden, self._batch, self._pool)
        if layer == "final" and self._losses is not None and self._head is not None:
            rows = np.flatnonzero(self._losses[self._batch.index])
            if len(rows):
                chosen = torch.from_numpy(rows)
                ids, predicted = self._batch.input_ids[chosen], self._predicted[chosen]
                groups = (
                    None if self._groups is None else self._groups[self._batch.index[rows]].to(ids.device)
                )
                sums = self._head.sum_losses(
                    hidden[chosen], ids, predicted, expected=self.expected, groups=groups
                )
                self._token_nll = (self._batch.index[rows], sums)

    def write(self, encoded: EncodedTexts) -> None:
        """One transfer for the vectors of all layers, and one for the losses."""
        by_layer = [self._vectors[layer] for layer in self._layers]
        if {vectors.shape[-1] for vectors in by_layer} - {encoded.vectors.shape[-1]}:
            widths = [vectors.shape[-1] for vectors in by_layer]
            raise ModelError(f"layers {list(self._layers)} are {widths} wide; encode unequal ones one by one")
        device = by_layer[-1].device
        stacked = torch.stack([vectors.to(device) for vectors in by_layer]).cpu()
        encoded.vectors[:, self._batch.index] = stacked.numpy()
        encoded.n_tokens[self._batch.index] = self._predicted.sum(1).cpu().numpy()
        if self._token_nll is not None:
            texts, sums = self._token_nll
            encoded.token_nll[texts] = sums.cpu().numpy()


def _refuse_non_finite(encoded: EncodedTexts, layers: Sequence[Layer]) -> None:
    if not np.isfinite(encoded.vectors).all():
        row, text, _ = (int(at[0]) for at in np.nonzero(~np.isfinite(encoded.vectors)))
        raise NumericError(
            f"the vector of text {text} at layer {layers[row]} is not finite; hold fewer neurons or at other "
            "values, or load the model in float32"
        )
