"""Letting a model read sentences, and keeping what its neurons answer; no finished shard is made twice."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from polysteer.errors import CorpusError
from polysteer.masks.neurons import NeuronTable
from polysteer.models.backbone import find_input_device
from polysteer.models.batches import Batch, make_batch, plan_batches
from polysteer.models.record import Recorder, record
from polysteer.models.sites import Overrides, find_sites
from polysteer.models.tokens import Tokens, tokenize_texts
from polysteer.progress import Progress, stay_silent
from polysteer.responses.building import ShardBuilder
from polysteer.responses.reduction import BatchReducer, Place, Reduced
from polysteer.responses.settings import CollectSettings
from polysteer.responses.shards import LanguageIndex, has_shard, write_index, write_shard
from polysteer.responses.store import find_uncollected

_MOST_SENTENCES_PER_SHARD = 1024


def collect_responses(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    texts_by_language: Mapping[str, Sequence[str]],
    folder: Path,
    settings: CollectSettings,
    *,
    overrides: Overrides | None = None,
    memory_bytes: int = 1 << 29,
    progress: Progress = stay_silent,
) -> None:
    """Write the responses of every language that is not finished yet.

    Languages do not depend on each other, and neither do shards: what is found whole, made from the same
    model, texts and settings, stays as it is. About `memory_bytes` of responses are held at a time.
    """
    missing = find_uncollected(folder, texts_by_language, settings)
    if not missing:
        return
    site_map = find_sites(model, settings.sites, overrides=overrides)
    widths = tuple(site_map.width_by_site[site] for site in settings.sites)
    neurons = NeuronTable(settings.sites, widths, site_map.n_blocks)
    collector = _Collector(settings, find_input_device(model))
    with torch.inference_mode(), record(model, site_map, collector.keep_part) as recorder:
        for language in missing:
            texts = texts_by_language[language]
            index = LanguageIndex(
                fingerprint=settings.fingerprint(language, texts),
                language=language,
                n_sentences=len(texts),
                shard_sentences=choose_shard_size(neurons.n_neurons, memory_bytes),
                dtype="BF16" if model.dtype == torch.bfloat16 else "F16",
                pool=settings.pool,
                neurons=neurons,
            )
            tokens = tokenize_texts(tokenizer, texts)
            is_sampled = _sample_tokens(tokens, language, settings)
            for number in range(index.n_shards):
                if not has_shard(folder, index, number):
                    builder = ShardBuilder(index, number)
                    collector.fill_shard(builder, recorder, tokens, is_sampled)
                    write_shard(folder, index, number, builder.build())
                progress(f"collect {language}", index.sentences_of(number).stop, len(texts))
            write_index(folder, index)


class _Collector:
    """Takes what the recorder hands over, and gives it to the shard under way, batch by batch."""

    def __init__(self, settings: CollectSettings, device: torch.device) -> None:
        self._settings = settings
        self._device = device
        self._reducer: BatchReducer | None = None
        self._parts: dict[Place, Reduced] = {}

    def keep_part(self, site: str, block: int, first_unit: int, values: Tensor) -> None:
        """Reduce one part of one site and block at once, on the device where it is."""
        place = Place(self._settings.sites.index(site), block, first_unit)
        assert self._reducer is not None
        self._parts[place] = self._reducer.reduce(values)

    def fill_shard(
        self, builder: ShardBuilder, recorder: Recorder, tokens: Tokens, is_sampled: npt.NDArray[np.bool_]
    ) -> None:
        """Read a shard's sentences, in batches of like lengths."""
        first, last = builder.sentences.start, builder.sentences.stop
        for chosen in plan_batches(tokens.n_tokens[first:last], token_budget=self._settings.token_budget):
            batch = make_batch(tokens, chosen + first, device=self._device)
            sampled = torch.from_numpy(_find_sampled_cells(tokens, batch, is_sampled))
            self._reducer = BatchReducer(batch.real, sampled, pool=self._settings.pool, span=batch.span)
            self._parts = {}
            recorder.run(
                batch.input_ids, attention_mask=batch.attention_mask, position_ids=batch.position_ids
            )
            builder.add(self._parts, batch.index, int(batch.real.sum()))


def choose_shard_size(n_neurons: int, memory_bytes: int) -> int:
    """How many sentences' responses fit in memory."""
    return min(max(1, memory_bytes // (2 * n_neurons)), _MOST_SENTENCES_PER_SHARD)


def _sample_tokens(tokens: Tokens, language: str, settings: CollectSettings) -> npt.NDArray[np.bool_]:
    """Which of a language's tokens are sampled: drawn from the real ones before anything is read."""
    is_real = ~np.isin(tokens.ids, tokens.special_ids)
    n_real = np.add.reduceat(is_real, tokens.starts[:-1], dtype=np.int64)
    if not n_real.all():
        text = int(np.argmin(n_real))
        raise CorpusError(f"text {text} of {language} has special tokens alone; leave it out of the corpus")
    places = np.flatnonzero(is_real)
    drawn = np.random.default_rng(settings.seed).choice(
        places, min(settings.n_sampled_tokens, len(places)), replace=False
    )
    is_sampled = np.zeros(len(is_real), dtype=np.bool_)
    is_sampled[drawn] = True
    return is_sampled


def _find_sampled_cells(
    tokens: Tokens, batch: Batch, is_sampled: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """The sampled tokens as cells of a batch that is padded on the right."""
    n_columns = batch.input_ids.shape[1]
    cells = [
        row * n_columns + np.flatnonzero(is_sampled[tokens.starts[text] : tokens.starts[text + 1]])
        for row, text in enumerate(batch.index.tolist())
    ]
    return np.concatenate(cells)
