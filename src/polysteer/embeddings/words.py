"""Word vectors of many layers: the mean state of the sub-word tokens that overlap each word."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from polysteer.errors import NumericError
from polysteer.models.anatomy import dissect_model
from polysteer.models.backbone import find_input_device
from polysteer.models.batches import Batch, make_batch, plan_batches
from polysteer.models.layers import capture_layers
from polysteer.models.limits import find_limit
from polysteer.models.loading import LoadedModel
from polysteer.models.tokens import locate_tokens, tokenize_texts
from polysteer.terms import Layer


class Place(NamedTuple):
    """A word: the number of its text, and from where to where in it, in characters."""

    text: int
    start: int
    stop: int


class EncodedWords(NamedTuple):
    """Vectors [layer, word, width], and which of the places they are of, ascending."""

    vectors: npt.NDArray[np.float32]
    places: npt.NDArray[np.int64]


class _Overlaps(NamedTuple):
    """Pairs of a word and a token that overlap: word numbers ascending, tokens by their place in the text."""

    word: npt.NDArray[np.int64]
    token: npt.NDArray[np.int64]
    text: npt.NDArray[np.int64]  # of each word


def encode_words(
    loaded: LoadedModel,
    texts: Sequence[str],
    places: Sequence[Place],
    *,
    layers: Sequence[Layer],
    token_budget: int = 4096,
) -> EncodedWords:
    """Read each text once; a word that no token overlaps, in a text that was cut, has no vector."""
    tokens = tokenize_texts(loaded.tokenizer, texts, max_tokens=find_limit(loaded.model))
    overlaps, found = _overlap(locate_tokens(loaded.tokenizer, texts, tokens), tokens.starts, places)
    device, width = find_input_device(loaded.model), dissect_model(loaded.model).width
    averager = _Averager(overlaps, layers, width=width)
    with torch.inference_mode(), capture_layers(loaded.model, layers, averager.see) as capture:
        for index in plan_batches(tokens.n_tokens, token_budget=token_budget):
            batch = make_batch(tokens, index, device=device)
            averager.begin(batch)
            capture.run(batch.input_ids, attention_mask=batch.attention_mask, position_ids=batch.position_ids)
    _refuse_non_finite(averager.vectors, layers)
    return EncodedWords(averager.vectors, found)


class _Averager:
    """Averages each word's tokens at a layer as it is captured, in fp32."""

    def __init__(self, overlaps: _Overlaps, layers: Sequence[Layer], *, width: int) -> None:
        self._overlaps = overlaps
        self._number = {layer: number for number, layer in enumerate(layers)}
        self.vectors = np.empty((len(layers), len(overlaps.text), width), dtype=np.float32)

    def begin(self, batch: Batch) -> None:
        """Find the batch's words, and the cells of their tokens."""
        word, token, text = self._overlaps
        self._words = np.flatnonzero(np.isin(text, batch.index))
        pairs = np.flatnonzero(np.isin(word, self._words))
        order = np.argsort(batch.index)
        row = order[np.searchsorted(batch.index, text[word[pairs]], sorter=order)]
        self._cells = torch.from_numpy(row * batch.input_ids.shape[1] + token[pairs])
        self._starts = torch.from_numpy(np.searchsorted(word[pairs], self._words))

    def see(self, layer: Layer, hidden: Tensor) -> None:
        """An embedding bag is a mean over a run of rows, whose order is the same each time."""
        cells, starts = self._cells.to(hidden.device), self._starts.to(hidden.device)
        states = hidden.reshape(-1, hidden.shape[-1]).float()
        means = torch.nn.functional.embedding_bag(cells, states, starts, mode="mean")
        self.vectors[self._number[layer], self._words] = means.cpu().numpy()


def _overlap(
    spans: npt.NDArray[np.int64], starts: npt.NDArray[np.int64], places: Sequence[Place]
) -> tuple[_Overlaps, npt.NDArray[np.int64]]:
    """Which tokens each word's characters lie in, and which words lie in any."""
    words, tokens = [], []
    texts: list[int] = []
    found: list[int] = []
    for number, place in enumerate(places):
        own = spans[starts[place.text] : starts[place.text + 1]]
        overlapping = np.flatnonzero((own[:, 0] < place.stop) & (own[:, 1] > place.start))
        if len(overlapping):
            words.append(np.full(len(overlapping), len(found)))
            tokens.append(overlapping)
            texts.append(place.text)
            found.append(number)
    none = np.empty(0, dtype=np.int64)
    overlaps = _Overlaps(
        np.concatenate([none, *words]), np.concatenate([none, *tokens]), np.array(texts, dtype=np.int64)
    )
    return overlaps, np.array(found, dtype=np.int64)


def _refuse_non_finite(vectors: npt.NDArray[np.float32], layers: Sequence[Layer]) -> None:
    finite = np.isfinite(vectors).all(axis=(1, 2))
    if not finite.all():
        layer = layers[int(np.argmin(finite))]
        raise NumericError(f"a word vector at layer {layer} is not finite; load the model in float32")
