"""How large responses get on disk, before anything is collected."""

from polysteer.responses.collection import choose_shard_size
from polysteer.responses.settings import ResponseSettings

_HALF_BYTES = 2
_STATISTICS_BYTES = 3 * 8  # mean, squares and count of every neuron, in every shard


def predict_bytes(
    n_neurons: int,
    n_sentences: int,
    *,
    n_sampled_tokens: int = ResponseSettings.n_sampled_tokens,
    memory_bytes: int = 1 << 29,
) -> int:
    """Of one language of `n_sentences` with at least `n_sampled_tokens` tokens; headers left out."""
    n_shards = -(-n_sentences // choose_shard_size(n_neurons, memory_bytes))
    columns = n_sentences + n_sampled_tokens
    return n_neurons * (_HALF_BYTES * columns + _STATISTICS_BYTES * n_shards)
