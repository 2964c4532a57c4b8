"""Texts as token ids, and the one place that says which tokens are real."""

import logging
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from polysteer.errors import ModelError

_logger = logging.getLogger(__name__)

_NO_LIMIT = 10**18  # tokenizers without a limit say more
_FIRST_LOOK = 16  # characters for each token of the limit: four times what most text has
_MARKS = ("bos_token_id", "eos_token_id", "pad_token_id", "cls_token_id", "sep_token_id")


class Tokens(NamedTuple):
    """The token ids of many texts, one after the other: text i is ids[starts[i]:starts[i + 1]]."""

    ids: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    special_ids: tuple[int, ...]
    pad_id: int
    n_truncated: int
    limit: int = _NO_LIMIT  # the most tokens of a text, specials included
    include_specials: bool = False  # whether BOS, EOS and their like count as real

    @property
    def n_tokens(self) -> npt.NDArray[np.int64]:
        """How many tokens each text has, specials included."""
        return np.diff(self.starts)

    @property
    def n_real(self) -> npt.NDArray[np.int64]:
        """How many tokens of each text count."""
        if self.include_specials:
            return self.n_tokens
        so_far = np.concatenate([[0], np.cumsum(~np.isin(self.ids, self.special_ids))])
        return np.diff(so_far[self.starts])


class Cuts:
    """Counts the texts of one reading that are longer than the model reads, and says so once."""

    def __init__(self) -> None:
        self._n_texts, self._n_cut, self._limit = 0, 0, 0

    def add(self, tokens: Tokens) -> None:
        """Some of the texts."""
        self._n_texts += len(tokens.n_tokens)
        self._n_cut += tokens.n_truncated
        self._limit = tokens.limit

    def tell(self, what: str = "texts") -> None:
        """A notice, if there is anything to say."""
        if self._n_cut:
            _logger.warning(
                "%d of %d %s were cut to %d tokens, the most that the model reads",
                *(self._n_cut, self._n_texts, what, self._limit),
            )


def tokenize_texts(
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    *,
    max_tokens: int | None = None,
    include_specials: bool = False,
    allow_empty: bool = False,
) -> Tokens:
    """Tokenize as the tokenizer does by default; cut at `max_tokens` or its own limit, whichever is smaller.

    `max_tokens` is the model's limit: see `find_limit`. `include_specials` makes BOS, EOS and their like
    count as real tokens.
    """
    limit = min(max_tokens or _NO_LIMIT, tokenizer.model_max_length)
    rows, n_truncated = _tokenize(tokenizer, texts, limit, "input_ids")
    for i, row in enumerate(rows):
        if not row and not allow_empty:
            raise ModelError(f"text {i} ({texts[i]!r}) has no tokens; leave empty texts out")
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows], dtype=np.int64)]).astype(np.int64)
    ids = np.fromiter((token for row in rows for token in row), dtype=np.int64, count=int(starts[-1]))
    special_ids, pad_id = find_special_ids(tokenizer), find_pad_id(tokenizer)
    return Tokens(ids, starts, special_ids, pad_id, n_truncated, limit, include_specials)


def join_tokens(parts: Sequence[Tokens]) -> Tokens:
    """The texts of several, one after the other; all are of one tokenizer."""
    lengths = np.concatenate([part.n_tokens for part in parts])
    return parts[0]._replace(
        ids=np.concatenate([part.ids for part in parts]),
        starts=np.concatenate([[0], np.cumsum(lengths)]),
        n_truncated=sum(part.n_truncated for part in parts),
    )


def locate_tokens(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], tokens: Tokens
) -> npt.NDArray[np.int64]:
    """Where each of the tokens stands in its text, [token, start and stop], in characters.

    `tokens` are those of `tokenize_texts`; what stands for no character, such as BOS, starts where it stops.
    """
    check_locates(tokenizer)
    located, _ = _tokenize(tokenizer, texts, tokens.limit, "offset_mapping")
    spans = np.array([span for row in located for span in row], dtype=np.int64).reshape(-1, 2)
    if len(spans) != tokens.starts[-1]:
        raise ModelError(f"{len(spans)} places of {tokens.starts[-1]} tokens; give the tokens of these texts")
    return spans


def keep_read(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], tokens: Tokens) -> list[str]:
    """Each text as far as it is read; whole where the tokenizer does not say where its tokens stand."""
    if not tokens.n_truncated or not tokenizer.is_fast:
        return list(texts)
    stops = np.split(locate_tokens(tokenizer, texts, tokens)[:, 1], tokens.starts[1:-1])
    return [
        text[: int(stop.max())] if len(stop) == tokens.limit else text
        for text, stop in zip(texts, stops, strict=True)
    ]


def _tokenize(
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    limit: int,
    kind: Literal["input_ids", "offset_mapping"],
) -> tuple[list[list[Any]], int]:
    """A row per text, cut at the limit, and how many were."""
    if not texts:
        return [], 0
    wanted = {"verbose": False, "return_offsets_mapping": kind == "offset_mapping"}
    heads = [_take_head(tokenizer, text, limit) for text in texts]
    rows: list[list[Any]] = tokenizer(heads, **wanted)[kind]
    too_long = [number for number, row in enumerate(rows) if len(row) > limit]
    if too_long:
        again = [heads[number] for number in too_long]
        cut = tokenizer(again, truncation=True, max_length=limit, **wanted)[kind]
        for number, row in zip(too_long, cut, strict=True):
            rows[number] = row
    return rows, len(too_long)


def _take_head(tokenizer: PreTrainedTokenizerBase, text: str, limit: int) -> str:
    """Of a text far beyond the limit the part that decides the tokens that are kept.

    A tokenizer takes minutes for ten million characters, of which a model may read some hundreds.
    """
    n_characters = _FIRST_LOOK * limit
    if tokenizer.truncation_side == "left":  # keeps the end
        return text
    while n_characters < len(text):
        # Where the text is broken off changes the last tokens; twice as many as are kept are enough.
        if len(tokenizer(text[:n_characters], verbose=False)["input_ids"]) > 2 * limit:
            return text[:n_characters]
        n_characters *= 4
    return text


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
