"""What will stand in artifacts/, in bytes; headers and tables of metrics are too small to count."""

from collections.abc import Sequence
from typing import NamedTuple

from polysteer.config import Candidate, Experiment
from polysteer.config.erase import list_erased_layers
from polysteer.masks.interventions import list_statistics
from polysteer.models.shape import ModelShape
from polysteer.planning.text import TextSize
from polysteer.ranking.selection import count_experts
from polysteer.ranking.values import count_sampled_tokens
from polysteer.responses.sizes import predict_bytes
from polysteer.trials.readings import Planned, list_layers

HALF, SINGLE = 2, 4
WORD_BYTES = 8  # its sentence, and its place there
MASK_BYTES = 17  # per neuron: site, block, unit, score and value


class Stored(NamedTuple):
    """One folder or kind of file."""

    name: str
    n_bytes: int


def list_stored(
    settings: Experiment,
    text: TextSize,
    shape: ModelShape,
    readings: Sequence[Planned],
    *,
    n_vocabulary: int,
) -> list[Stored]:
    """All that an experiment leaves on disk; never less than what will be there.

    `n_vocabulary` is how many tokens a model that predicts knows: none where no losses are measured.
    """
    n_layers, stored = len(list_layers(settings, shape)), []
    if settings.candidates():
        stored.append(Stored("responses", _count_responses(settings, text, shape)))
        stored.append(Stored("masks", _count_masks(settings, len(text.languages), shape)))
    stored.append(Stored("vectors", _count_vectors(text, shape, readings, n_layers, n_vocabulary)))
    stored.append(Stored("judgements", _count_judgements(text, readings, n_layers)))
    if text.n_words:
        stored.append(Stored("word vectors", _count_word_vectors(settings, text, shape)))
    if settings.erasures():
        stored.append(Stored("subspaces", _count_subspaces(settings, text.languages, shape)))
    return stored


def _count_responses(settings: Experiment, text: TextSize, shape: ModelShape) -> int:
    """Every pooling has its own copy of the statistics of tokens."""
    n_neurons = shape.count_neurons(settings.collect.sites)
    most = count_sampled_tokens(settings.rank.value, list_statistics(settings.steer.on_neurons))
    return len(settings.collect.pool) * sum(
        predict_bytes(n_neurons, len(n_tokens), n_sampled_tokens=min(most, int(n_tokens.sum())))
        for n_tokens in text.n_tokens["find"].values()
    )


def _count_masks(settings: Experiment, n_languages: int, shape: ModelShape) -> int:
    """A table of scores and values by pooling, and the masks of every target; a union at its largest."""
    n_neurons = shape.count_neurons(settings.collect.sites)
    n_columns = len(settings.collect.pool) * (len(settings.rank.score) + len(settings.rank.value))
    labels = {candidate.mask_label: candidate for candidate in settings.candidates()}
    sizes = [
        _count_held(candidate, shape.count_neurons(candidate.sites or settings.collect.sites), n_languages)
        for candidate in labels.values()
    ]
    per_target = MASK_BYTES * (sum(sizes) + max(sizes))
    return SINGLE * n_neurons * n_languages * n_columns + len(settings.targets) * per_target


def _count_held(candidate: Candidate, n_neurons: int, n_languages: int) -> int:
    """With a threshold alone nobody knows before it is tried: all of them at most."""
    n_own = n_neurons if candidate.k is None else count_experts(candidate.k, n_neurons)
    return min(n_neurons, n_own * n_languages) if candidate.experts == "union" else n_own


def _count_subspaces(settings: Experiment, languages: Sequence[str], shape: ModelShape) -> int:
    """One per method, and the one that is chosen; each with a mean and two matrices per erased layer."""
    points, erase = settings.erasures(), settings.steer.erase
    n_layers = len(list_erased_layers(points, settings.embed.layers, n_blocks=shape.n_blocks))
    rank = min(len(erase.find_fit_languages(languages)) - 1, shape.width)
    n_files = len({point.method for point in points}) + 1
    return n_files * SINGLE * n_layers * shape.width * (1 + 2 * rank)


def _count_vectors(
    text: TextSize, shape: ModelShape, readings: Sequence[Planned], n_layers: int, n_vocabulary: int
) -> int:
    """Of every sentence at every layer that is kept; with all losses comes a number per token there is."""
    n_bytes = 0
    for reading, times in readings:
        if reading.keeps == "vectors" and reading.text != "words":
            n_numbers = shape.width * reading.count_layers(n_layers) * text.count_sentences(reading.text)
            n_bytes += times * HALF * n_numbers
            n_bytes += times * SINGLE * len(text.languages) * n_vocabulary * (reading.losses == "all")
    return n_bytes


def _count_judgements(text: TextSize, readings: Sequence[Planned], n_layers: int) -> int:
    """A rank per ordered pair of languages and sentence."""
    n_ranks = (
        times * reading.count_layers(n_layers) * text.n_ranks[reading.text]
        for reading, times in readings
        if reading.keeps == "ranks"
    )
    return SINGLE * sum(n_ranks)


def _count_word_vectors(settings: Experiment, text: TextSize, shape: ModelShape) -> int:
    """Of every layer, without a mask; and which word it is."""
    per_word = HALF * shape.width * len(list_layers(settings, shape)) + WORD_BYTES
    return (1 + len(settings.model.checkpoints)) * text.n_words * per_word
