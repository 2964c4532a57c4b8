"""Everything a training run is made of, as one frozen value that fixes its result."""

import math
from dataclasses import dataclass, field

from polysteer.builtin.model.documents import DocumentMix
from polysteer.errors import ModelError


@dataclass(frozen=True)
class TrainingPlan:
    """Data, shape and schedule of one run; on one machine and thread count it fixes every byte.

    `density_weight` is what the loss charges for states that spread over all neurons. Without it a small
    model mixes what it knows over the whole residual stream, and has hardly any neuron for one language.
    """

    languages: tuple[str, ...] = ("en", "es", "de", "fr", "ja", "tr", "id", "sw")
    seed: int = 0
    n_meanings: int = 60_000
    documents_per_step: int = 20
    mix: DocumentMix = field(default_factory=DocumentMix)
    vocabulary: int = 3_500
    width: int = 192
    n_blocks: int = 4
    n_heads: int = 4
    mlp_width: int = 448
    row_tokens: int = 96
    rows_per_step: int = 16
    n_steps: int = 3_000
    warmup_steps: int = 200
    peak_learning_rate: float = 3e-3
    weight_decay: float = 0.1
    gradient_norm: float = 1.0
    density_weight: float = 0.8
    revision_shares: tuple[float, ...] = (0.05, 0.15, 0.4)
    state_every: int = 200

    def __post_init__(self) -> None:
        """Refuse a shape that no model can have and a run too short to leave its revisions."""
        if self.width % (2 * self.n_heads):
            raise ModelError(
                f"a width of {self.width} cannot be shared by {self.n_heads} heads of an even size: "
                "choose a width that twice the number of heads divides"
            )
        first = min(self.revision_shares, default=1.0)
        if self.n_steps * first < 1:
            raise ModelError(
                f"{self.n_steps} steps are too few: the first revision is due after {first:.0%} of them; "
                f"train for {math.ceil(1 / first)} or more"
            )

    @property
    def n_documents(self) -> int:
        """How many documents are written: a short run needs few."""
        return self.n_steps * self.documents_per_step

    @property
    def revision_steps(self) -> tuple[int, ...]:
        """After which steps a revision is kept, the last step's aside."""
        return tuple(int(self.n_steps * share) for share in self.revision_shares)

    def learning_rate(self, step: int) -> float:
        """Linear warmup, then a cosine down to a tenth of the peak; `step` counts from 0."""
        if step < self.warmup_steps:
            return self.peak_learning_rate * (step + 1) / self.warmup_steps
        share = (step - self.warmup_steps) / max(1, self.n_steps - self.warmup_steps)
        return self.peak_learning_rate * (0.1 + 0.45 * (1 + math.cos(math.pi * share)))
