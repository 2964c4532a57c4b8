"""Documents as rows of token ids, all of one length, with nothing padded."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from transformers import PreTrainedTokenizerFast

from polysteer.errors import ModelError

_DOCUMENTS_AT_ONCE = 2_000


def pack_documents(
    documents: Sequence[str], tokenizer: PreTrainedTokenizerFast, *, row_tokens: int
) -> npt.NDArray[np.int32]:
    """Rows of shape (n_rows, row_tokens): the documents one after the other, each begun by BOS."""
    pieces = [np.empty(0, np.int32)]
    for start in range(0, len(documents), _DOCUMENTS_AT_ONCE):
        encoded = tokenizer(list(documents[start : start + _DOCUMENTS_AT_ONCE]), return_attention_mask=False)
        pieces.extend(np.asarray(ids, np.int32) for ids in encoded["input_ids"])
    stream = np.concatenate(pieces)
    n_rows = len(stream) // row_tokens
    if n_rows == 0:
        raise ModelError(
            f"the documents hold {len(stream)} tokens, too few for a row of {row_tokens}: "
            "ask for more documents"
        )
    return stream[: n_rows * row_tokens].reshape(n_rows, row_tokens)


def pick_rows(n_rows: int, *, step: int, rows_per_step: int, seed: int) -> npt.NDArray[np.int64]:
    """The rows that a step reads: every pass over the data has an order of its own, from the seed alone."""
    places = np.arange(step * rows_per_step, (step + 1) * rows_per_step)
    picked = np.empty(rows_per_step, np.int64)
    for number in np.unique(places // n_rows):
        in_pass = places // n_rows == number
        order = np.random.default_rng((seed, int(number))).permutation(n_rows)
        picked[in_pass] = order[places[in_pass] % n_rows]
    return picked
