"""What will stand in artifacts/, in bytes; headers and tables of metrics are too small to count."""

from typing import NamedTuple

from polysteer.config import Candidate, Experiment
from polysteer.models.shape import ModelShape
from polysteer.planning.reading import VIEWS
from polysteer.planning.text import TextSize
from polysteer.ranking.selection import count_experts
from polysteer.responses.settings import CollectSettings
from polysteer.responses.sizes import predict_bytes

HALF, SINGLE = 2, 4
MASK_BYTES = 17  # per neuron: site, block, unit, score and value


class Stored(NamedTuple):
    """One folder or kind of file."""

    name: str
    n_bytes: int


def list_stored(settings: Experiment, text: TextSize, shape: ModelShape) -> list[Stored]:
    """All that an experiment leaves on disk; never less than what will be there."""
    steers = bool(settings.targets)
    return [
        Stored("responses", _count_responses(settings, text, shape) if steers else 0),
        Stored("masks", _count_masks(settings, len(text.languages), shape) if steers else 0),
        Stored("vectors", _count_vectors(settings, text, shape)),
        Stored("judgements", _count_judgements(settings, text, shape)),
    ]


def _count_responses(settings: Experiment, text: TextSize, shape: ModelShape) -> int:
    n_neurons, most = shape.count_neurons(settings.collect.sites), CollectSettings.n_sampled_tokens
    return sum(
        predict_bytes(n_neurons, len(n_tokens), n_sampled_tokens=min(most, int(n_tokens.sum())))
        for n_tokens in text.n_tokens["find"].values()
    )


def _count_masks(settings: Experiment, n_languages: int, shape: ModelShape) -> int:
    """The table of scores and values, and the masks of every target; a union at its largest."""
    n_neurons = shape.count_neurons(settings.collect.sites)
    n_columns = len(settings.rank.score) + len(settings.rank.value)
    labels = {candidate.mask_label: candidate for candidate in settings.candidates()}
    sizes = [_count_held(candidate, n_neurons, n_languages) for candidate in labels.values()]
    per_target = MASK_BYTES * (sum(sizes) + max(sizes))
    return SINGLE * n_neurons * n_languages * n_columns + len(settings.targets) * per_target


def _count_held(candidate: Candidate, n_neurons: int, n_languages: int) -> int:
    n_own = count_experts(candidate.k, n_neurons)
    return min(n_neurons, n_own * n_languages) if candidate.experts == "union" else n_own


def _count_vectors(settings: Experiment, text: TextSize, shape: ModelShape) -> int:
    """Every layer of every sentence without a mask, and of the test sentences under what was chosen.

    Of the find sentences under a mask only the layers that it was chosen for are kept. Of dev a checkpoint
    reads nothing.
    """
    find, dev, test = (text.count_sentences(split) for split in ("find", "dev", "test"))
    n_chosen = min(len(settings.candidates()), VIEWS)
    n_layers = count_layers(settings, shape)
    plain = n_layers * (find + dev + test + len(settings.model.checkpoints) * (find + test))
    under_masks = len(settings.targets) * (n_chosen * n_layers * test + min(VIEWS, n_layers) * find)
    return HALF * shape.width * (plain + under_masks)


def _count_judgements(settings: Experiment, text: TextSize, shape: ModelShape) -> int:
    """A rank per ordered pair of languages and sentence: at every layer on dev, at one for each control."""
    dev, test = (text.n_ranks[split] for split in ("dev", "test"))
    by_candidate = len(settings.candidates()) * count_layers(settings, shape) * dev
    return SINGLE * len(settings.targets) * (by_candidate + settings.evaluate.controls * test)


def count_layers(settings: Experiment, shape: ModelShape) -> int:
    """All are the token embeddings, every block's output, and what comes after the last norm."""
    layers = settings.embed.layers
    return shape.n_blocks + 2 if layers == "all" else len(layers)
