"""The vectors of a batch's tokens as one vector per text, over real tokens alone and in fp32."""

import torch
from torch import Tensor

from polysteer.models.batches import Batch
from polysteer.terms import EmbeddingPool


def pool_tokens(hidden: Tensor, batch: Batch, pool: EmbeddingPool) -> Tensor:
    """Hidden states [text, token, width] as vectors [text, width]."""
    if batch.span is not None:
        return _pool_span(hidden[:, batch.span], pool)
    real = batch.real.to(hidden.device)
    if pool == "mean":
        weights = real.float() / real.sum(1, keepdim=True)
        return torch.bmm(weights[:, None], hidden.float())[:, 0]
    if pool == "max":
        return hidden.masked_fill(~real[..., None], -torch.inf).amax(1).float()
    last = real.shape[1] - 1 - real.flip(1).int().argmax(1)
    return hidden[torch.arange(len(hidden), device=hidden.device), last].float()


def _pool_span(hidden: Tensor, pool: EmbeddingPool) -> Tensor:
    if pool == "mean":
        return hidden.mean(1, dtype=torch.float32)
    return hidden.amax(1).float() if pool == "max" else hidden[:, -1].float()
