"""A rival that trains: translations pulled together and other sentences apart (InfoNCE), at one layer."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from polysteer.embeddings.encode import tokenize_for
from polysteer.embeddings.pooling import pool_tokens
from polysteer.errors import CorpusError, NumericError
from polysteer.models.backbone import find_input_device
from polysteer.models.batches import make_batch
from polysteer.models.layers import capture_layers
from polysteer.models.loading import LoadedModel
from polysteer.models.trainable import training
from polysteer.progress import Progress, stay_silent
from polysteer.terms import EmbeddingPool, Layer

MOST_GRADIENT = 1.0  # the norm at which gradients are cut


class Tuning(NamedTuple):
    """How long, how much at a time, how fast, and how sharply translations are told from the rest."""

    steps: int
    batch: int  # meanings in a step, each in two languages
    learning_rate: float
    temperature: float


def tune_on_translations(
    loaded: LoadedModel,
    texts_by_meaning: Sequence[Mapping[str, str]],
    tuning: Tuning,
    *,
    layer: Layer,
    pool: EmbeddingPool,
    include_specials: bool = False,
    seed: int,
    progress: Progress = stay_silent,
) -> None:
    """Change the model's weights; `texts_by_meaning` has every meaning's sentences by language.

    A step draws meanings and two languages for each: among all sentences of the other side, whatever
    their language, each has to find its translation by cosine.
    """
    pairable = [list(texts.values()) for texts in texts_by_meaning if len(texts) > 1]
    if len(pairable) < 2:
        raise CorpusError(
            f"contrastive fine-tuning needs translations, and {len(pairable)} meanings of `find` stand in "
            "two languages or more; give it parallel text, or leave evaluate.finetune out"
        )
    texts = [text for texts in pairable for text in texts]
    tokens = tokenize_for(loaded, texts, include_specials=include_specials)
    device = find_input_device(loaded.model)
    hidden: list[Tensor] = []
    with (
        training(loaded.model) as parameters,
        capture_layers(loaded.model, [layer], lambda _layer, states: hidden.append(states)) as capture,
    ):
        optimizer = torch.optim.AdamW(parameters, lr=tuning.learning_rate, weight_decay=0.0)
        for step, rows in enumerate(_draw_pairs(pairable, tuning, seed)):
            progress("contrastive fine-tuning", step, tuning.steps)
            batch = make_batch(tokens, rows, device=device)
            hidden.clear()
            capture.run(batch.input_ids, attention_mask=batch.attention_mask, position_ids=batch.position_ids)
            loss = measure_loss(pool_tokens(hidden[0], batch, pool), tuning.temperature)
            if not bool(torch.isfinite(loss)):
                raise NumericError(
                    f"contrastive fine-tuning is lost at step {step} of {tuning.steps}: its loss is "
                    f"{loss.item()}; lower evaluate.finetune.learning_rate, now {tuning.learning_rate:g}"
                )
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            nn.utils.clip_grad_norm_(parameters, MOST_GRADIENT)
            optimizer.step()


def measure_loss(vectors: Tensor, temperature: float) -> Tensor:
    """InfoNCE both ways of vectors [2 x meaning, width]: row i and row i + half are translations."""
    first, second = nn.functional.normalize(vectors, dim=1).chunk(2)
    cosines = first @ second.T / temperature
    own = torch.arange(len(cosines), device=cosines.device)
    forth, back = (nn.functional.cross_entropy(scores, own) for scores in (cosines, cosines.T))
    return (forth + back) / 2


def _draw_pairs(pairable: Sequence[Sequence[str]], tuning: Tuning, seed: int) -> list[npt.NDArray[np.int64]]:
    """For each step the numbers of its texts, counted through all meanings: one side, then the other."""
    rng = np.random.default_rng(seed)
    sizes = np.array([len(texts) for texts in pairable])
    first_text = np.cumsum(sizes) - sizes
    steps = []
    for _ in range(tuning.steps):
        meanings = rng.choice(len(pairable), min(tuning.batch, len(pairable)), replace=False)
        one = rng.integers(0, sizes[meanings])
        other = (one + rng.integers(1, sizes[meanings])) % sizes[meanings]
        steps.append(np.concatenate([first_text[meanings] + one, first_text[meanings] + other]))
    return steps
