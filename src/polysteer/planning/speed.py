"""How fast a model reads here: a few batches of the experiment's own text."""

import itertools
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from polysteer.config import Experiment
from polysteer.corpus.corpus_table import Corpus
from polysteer.embeddings.encode import PreparedTexts, encode_batches, prepare_texts
from polysteer.models.loading import LoadedModel

N_SENTENCES = 2000  # to take batches from
N_BATCHES = 4
ENOUGH_SECONDS = 2.0


class Speed(NamedTuple):
    """Tokens per second through the model, and through the model and its loss as well."""

    plain: float
    with_losses: float


def measure_speed(loaded: LoadedModel, corpus: Corpus, settings: Experiment) -> Speed:
    """Read batches of short, middling and long sentences of dev, with and without losses, for seconds."""
    batches = _prepare_batches(loaded, _mix_languages(corpus), settings.embed.token_budget)
    plain = _time_reading(loaded, batches, settings, has_losses=False)
    if "perplexity" not in settings.evaluate.families or not loaded.model.can_generate():
        return Speed(plain, plain)
    return Speed(plain, _time_reading(loaded, batches, settings, has_losses=True))


def _mix_languages(corpus: Corpus) -> list[str]:
    """Sentences of all languages in turn."""
    columns = (corpus.texts(lang, "dev") for lang in corpus.languages)
    in_turn = itertools.chain.from_iterable(itertools.zip_longest(*columns))
    return list(itertools.islice((text for text in in_turn if text is not None), N_SENTENCES))


def _prepare_batches(loaded: LoadedModel, texts: Sequence[str], token_budget: int) -> list[PreparedTexts]:
    """A few of the batches that the texts would be read in, from all lengths."""
    planned = prepare_texts(loaded, texts, token_budget=token_budget).batches
    chosen = planned[:: max(1, len(planned) // N_BATCHES)]
    return [
        prepare_texts(loaded, [texts[row] for row in batch.index], token_budget=token_budget)
        for batch in chosen
    ]


def _time_reading(
    loaded: LoadedModel, batches: Sequence[PreparedTexts], settings: Experiment, *, has_losses: bool
) -> float:
    """Tokens per second; the first batch is read once before the clock starts."""

    def read(prepared: PreparedTexts) -> int:
        encode_batches(
            loaded.model,
            prepared,
            layers=[settings.embed.layer],
            pool=settings.embed.pool,
            losses=np.full(prepared.n_texts, has_losses),
        )
        return sum(int(batch.real.sum()) for batch in prepared.batches)

    read(batches[0])
    n_tokens, started = 0, time.perf_counter()
    while (seconds := time.perf_counter() - started) < ENOUGH_SECONDS:
        n_tokens += sum(read(prepared) for prepared in batches)
    return n_tokens / seconds
