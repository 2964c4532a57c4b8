"""What a model and its batches take of the device's memory."""

from typing import NamedTuple

from polysteer.config import Experiment
from polysteer.models.inspection import ModelFacts
from polysteer.models.shape import ModelShape
from polysteer.planning.text import TextSize
from polysteer.trials.readings import list_layers

SINGLE = 4
LOSS_BYTES = 10 << 26  # of the logits held at a time: in the model's precision, and twice in 32 bits


class Memory(NamedTuple):
    """Bytes on the device; `activations` is None where a config does not tell: a mixture of experts."""

    device: str
    dtype: str
    weights: int
    activations: int | None
    results: int
    fine_tuning: int  # a copy's weights, gradients and two moments; what its batch takes comes on top

    @property
    def total(self) -> int | None:
        """All that lives at once, at the worst moment."""
        if self.activations is None:
            return None
        return self.weights + self.activations + max(self.results, self.fine_tuning)


def estimate_memory(
    settings: Experiment, text: TextSize, shape: ModelShape, found: ModelFacts, *, measures_losses: bool
) -> Memory:
    """Weights, the activations of the largest batch, and what is kept of it until it is brought home."""
    facts, collect, embed = found.memory, settings.collect, settings.embed
    n_numbers = len(collect.pool) * shape.count_neurons(collect.sites)
    responses = collect.token_budget / text.mean_tokens * n_numbers
    vectors = embed.token_budget / text.mean_tokens * len(list_layers(settings, shape)) * shape.width
    losses = LOSS_BYTES if measures_losses and facts.device != "cpu" else 0
    return Memory(
        device=facts.device,
        dtype=facts.dtype,
        weights=facts.load_bytes,
        activations=None if facts.run_bytes is None else facts.run_bytes - facts.load_bytes,
        results=max(2 * SINGLE * round(responses), 2 * SINGLE * round(vectors) + losses),
        fine_tuning=4 * SINGLE * found.parameters if settings.evaluate.finetune else 0,
    )
