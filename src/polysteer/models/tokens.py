"""Texts as token ids, and the one place that says which tokens are real."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from polysteer.errors import ModelError

_MARKS = ("bos_token_id", "eos_token_id", "pad_token_id", "cls_token_id", "sep_token_id")


class Tokens(NamedTuple):
    """The token ids of many texts, one after the other: text i is ids[starts[i]:starts[i + 1]]."""

    ids: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    special_ids: tuple[int, ...]
    pad_id: int
    n_truncated: int

    @property
    def n_tokens(self) -> npt.NDArray[np.int64]:
        """How many tokens each text has, specials included."""
        return np.diff(self.starts)


def tokenize_texts(
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    *,
    max_tokens: int | None = None,
    include_specials: bool = False,
) -> Tokens:
    """Tokenize as the tokenizer does by default; cut at `max_tokens`, or at the tokenizer's own limit.

    `include_specials` makes BOS, EOS and their like count as real tokens.
    """
    limit = max_tokens or tokenizer.model_max_length
    rows = tokenizer(list(texts), verbose=False)["input_ids"] if texts else []
    n_truncated = sum(len(row) > limit for row in rows)
    if n_truncated:
        rows = tokenizer(list(texts), truncation=True, max_length=limit)["input_ids"]
    for i, row in enumerate(rows):
        if not row:
            raise ModelError(f"text {i} ({texts[i]!r}) has no tokens; leave empty texts out")
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows], dtype=np.int64)]).astype(np.int64)
    ids = np.fromiter((token for row in rows for token in row), dtype=np.int64, count=int(starts[-1]))
    special_ids = () if include_specials else find_special_ids(tokenizer)
    return Tokens(ids, starts, special_ids, find_pad_id(tokenizer), n_truncated)


def locate_tokens(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], tokens: Tokens
) -> npt.NDArray[np.int64]:
    """Where each of the tokens stands in its text, [token, start and stop], in characters.

    `tokens` are those of `tokenize_texts`; what stands for no character, such as BOS, starts where it stops.
    """
    check_locates(tokenizer)
    if not texts:
        return np.empty((0, 2), dtype=np.int64)
    located = tokenizer(list(texts), return_offsets_mapping=True, verbose=False)["offset_mapping"]
    if tokens.n_truncated:
        limit = int(tokens.n_tokens.max())
        located = tokenizer(list(texts), truncation=True, max_length=limit, return_offsets_mapping=True)[
            "offset_mapping"
        ]
    spans = np.array([span for row in located for span in row], dtype=np.int64).reshape(-1, 2)
    if len(spans) != tokens.starts[-1]:
        raise ModelError(f"{len(spans)} places of {tokens.starts[-1]} tokens; give the tokens of these texts")
    return spans


def check_locates(tokenizer: PreTrainedTokenizerBase) -> None:
    """Refuse a tokenizer that cannot say which characters a token is of."""
    if not tokenizer.is_fast:
        raise ModelError(
            f"{type(tokenizer).__name__} does not say where its tokens stand in a text, so words get no "
            "vectors; use a fast tokenizer, or write 'words: 0' under 'embed'"
        )


def find_special_ids(tokenizer: PreTrainedTokenizerBase) -> tuple[int, ...]:
    """The ids of BOS, EOS, padding, language tags and their like; an unknown word is text."""
    special, unknown = set(tokenizer.all_special_ids), tokenizer.unk_token_id
    if unknown not in {getattr(tokenizer, name) for name in _MARKS}:  # GPT-2 has one token for all of them
        special.discard(unknown)
    return tuple(sorted(special))


def find_pad_id(tokenizer: PreTrainedTokenizerBase) -> int:
    """The id to pad with; any will do, as the attention mask and not the id marks padding."""
    known = (tokenizer.pad_token_id, tokenizer.eos_token_id, 0)
    return int(next(token for token in known if token is not None))


def mark_real(
    input_ids: Tensor | None, attention_mask: Tensor | None, special_ids: Tensor | None
) -> Tensor | None:
    """Which tokens are real: never padding, never one of `special_ids`; None where all are."""
    real = None if attention_mask is None else attention_mask.bool()
    if input_ids is not None and special_ids is not None and special_ids.numel():
        ordinary = torch.isin(input_ids, special_ids, invert=True)
        real = ordinary if real is None else real & ordinary
    return real


def remember_special_ids(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    """Let a model carry its tokenizer's special ids, so that no intervention holds them."""
    object.__setattr__(model, "special_token_ids", find_special_ids(tokenizer))


def recall_special_ids(model: PreTrainedModel) -> tuple[int, ...]:
    """The special ids a model carries; of a model loaded elsewhere, those its config names."""
    known = getattr(model, "special_token_ids", None)
    if isinstance(known, tuple):
        return known
    ids: set[int] = set()
    for name in _MARKS:
        value = getattr(model.config, name, None)
        ids.update(value if isinstance(value, list) else [] if value is None else [value])
    return tuple(sorted(ids))
