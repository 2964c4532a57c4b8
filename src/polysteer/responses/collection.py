"""Letting a model read sentences, and keeping what its neurons answer; no finished shard is made twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from polysteer.errors import CorpusError
from polysteer.masks.neurons import NeuronTable
from polysteer.models.backbone import find_input_device
from polysteer.models.batches import Batch, make_batch, plan_batches
from polysteer.models.limits import find_limit
from polysteer.models.record import Recorder, record
from polysteer.models.sites import Overrides, find_sites
from polysteer.models.tokens import Cuts, Tokens, tokenize_texts
from polysteer.progress import Progress, stay_silent
from polysteer.responses.building import ShardBuilder
from polysteer.responses.reduction import BatchReducer, Place, Reduced
from polysteer.responses.settings import ResponseSettings
from polysteer.responses.shards import LanguageIndex, has_shard, write_index, write_shard
from polysteer.responses.store import find_uncollected

_MOST_SENTENCES_PER_SHARD = 1024


def collect_responses(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    texts_by_language: Mapping[str, Sequence[str]],
    folder: Path,
    settings: ResponseSettings,
    *,
    overrides: Overrides | None = None,
    memory_bytes: int = 1 << 29,
    progress: Progress = stay_silent,
) -> None:
    """Write the responses of every language that is not finished yet.

    Languages do not depend on each other, and neither do shards: what is found whole, made from the same
    model, texts and settings, stays as it is. About `memory_bytes` of responses are held at a time.
    """
    collect_poolings(
        model,
        tokenizer,
        texts_by_language,
        {folder: settings},
        overrides=overrides,
        memory_bytes=memory_bytes,
        progress=progress,
    )


def collect_poolings(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    texts_by_language: Mapping[str, Sequence[str]],
    settings_by_folder: Mapping[Path, ResponseSettings],
    *,
    overrides: Overrides | None = None,
    memory_bytes: int = 1 << 29,
    progress: Progress = stay_silent,
) -> None:
    """Write the same by several poolings in one reading; their settings differ in nothing else.

    Of each pooling about `memory_bytes` of responses are held at a time, so that its files are those that it
    would have alone.
    """
    lacking = {
        folder: find_uncollected(folder, texts_by_language, settings)
        for folder, settings in settings_by_folder.items()
    }
    missing = [name for name in texts_by_language if any(name in names for names in lacking.values())]
    if not missing:
        return
    settings = next(iter(settings_by_folder.values()))
    site_map = find_sites(model, settings.sites, overrides=overrides)
    tokens_by_language = _tokenize(model, tokenizer, {name: texts_by_language[name] for name in missing})
    widths = tuple(site_map.width_by_site[site] for site in settings.sites)
    common = _Common(
        NeuronTable(settings.sites, widths, site_map.n_blocks),
        memory_bytes,
        "BF16" if model.dtype == torch.bfloat16 else "F16",
    )
    collector = _Collector(settings, find_input_device(model))
    with torch.inference_mode(), record(model, site_map, collector.keep_part) as recorder:
        for language in missing:
            texts = texts_by_language[language]
            due = [
                _Due(folder, common.describe(language, texts, own))
                for folder, own in settings_by_folder.items()
                if language in lacking[folder]
            ]
            tokens = tokens_by_language[language]
            is_sampled = _sample_tokens(tokens, language, settings)
            for number in range(due[0].index.n_shards):
                collector.write_shards(due, number, recorder, tokens, is_sampled)
                progress(f"collect {language}", due[0].index.sentences_of(number).stop, len(texts))
            for one in due:
                write_index(one.folder, one.index)


def _tokenize(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, texts_by_language: Mapping[str, Sequence[str]]
) -> dict[str, Tokens]:
    limit, cuts, found = find_limit(model), Cuts(), {}
    for language, texts in texts_by_language.items():
        found[language] = tokenize_texts(tokenizer, texts, max_tokens=limit)
        cuts.add(found[language])
    cuts.tell()
    return found


class _Common(NamedTuple):
    """What the responses of all languages and poolings share."""

    neurons: NeuronTable
    memory_bytes: int
    dtype: Literal["F16", "BF16"]

    def describe(self, language: str, texts: Sequence[str], settings: ResponseSettings) -> LanguageIndex:
        """One language's responses by one pooling."""
        return LanguageIndex(
            fingerprint=settings.fingerprint(language, texts),
            language=language,
            n_sentences=len(texts),
            shard_sentences=choose_shard_size(self.neurons.n_neurons, self.memory_bytes),
            dtype=self.dtype,
            pool=settings.pool,
            neurons=self.neurons,
        )


@dataclass(frozen=True)
class _Due:
    """One language's responses by one pooling, and where they will stand."""

    folder: Path
    index: LanguageIndex


class _Collector:
    """Takes what the recorder hands over, and gives it to the shards under way, batch by batch."""

    def __init__(self, settings: ResponseSettings, device: torch.device) -> None:
        self._settings = settings
        self._device = device
        self._reducer: BatchReducer | None = None
        self._parts: dict[Place, tuple[Reduced, ...]] = {}

    def keep_part(self, site: str, block: int, first_unit: int, values: Tensor) -> None:
        """Reduce one part of one site and block at once, on the device where it is."""
        place = Place(self._settings.sites.index(site), block, first_unit)
        assert self._reducer is not None
        self._parts[place] = self._reducer.reduce(values)

    def write_shards(
        self,
        due: Sequence[_Due],
        number: int,
        recorder: Recorder,
        tokens: Tokens,
        is_sampled: npt.NDArray[np.bool_],
    ) -> None:
        """One shard by every pooling that lacks it."""
        absent = [one for one in due if not has_shard(one.folder, one.index, number)]
        builders = [ShardBuilder(one.index, number) for one in absent]
        if builders:
            self._fill_shards(builders, recorder, tokens, is_sampled)
        for one, builder in zip(absent, builders, strict=True):
            write_shard(one.folder, one.index, number, builder.build())

    def _fill_shards(
        self,
        builders: Sequence[ShardBuilder],
        recorder: Recorder,
        tokens: Tokens,
        is_sampled: npt.NDArray[np.bool_],
    ) -> None:
        """Read the sentences of a shard, of every pooling at once, in batches of like lengths."""
        first, last = builders[0].sentences.start, builders[0].sentences.stop
        pools = [builder.pool for builder in builders]
        for chosen in plan_batches(tokens.n_tokens[first:last], token_budget=self._settings.token_budget):
            batch = make_batch(tokens, chosen + first, device=self._device)
            sampled = torch.from_numpy(_find_sampled_cells(tokens, batch, is_sampled))
            self._reducer = BatchReducer(batch.real, sampled, pools=pools, span=batch.span)
            self._parts = {}
            recorder.run(
                batch.input_ids, attention_mask=batch.attention_mask, position_ids=batch.position_ids
            )
            for number, builder in enumerate(builders):
                parts = {place: reduced[number] for place, reduced in self._parts.items()}
                builder.add(parts, batch.index, int(batch.real.sum()))


def choose_shard_size(n_neurons: int, memory_bytes: int) -> int:
    """How many sentences' responses fit in memory."""
    return min(max(1, memory_bytes // (2 * n_neurons)), _MOST_SENTENCES_PER_SHARD)


def _sample_tokens(tokens: Tokens, language: str, settings: ResponseSettings) -> npt.NDArray[np.bool_]:
    """Which of a language's tokens are sampled: drawn from the real ones before anything is read."""
    is_real, n_real = ~np.isin(tokens.ids, tokens.special_ids), tokens.n_real
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
