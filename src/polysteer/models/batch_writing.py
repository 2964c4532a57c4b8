"""What a model writes after many beginnings, the likeliest token each time: batches padded on the left."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase, StoppingCriteria, StoppingCriteriaList

from polysteer.errors import ModelError
from polysteer.models.backbone import find_input_device
from polysteer.models.batches import make_batch, plan_batches
from polysteer.models.generation import check_length, check_writes, refuse_non_finite
from polysteer.models.limits import find_limit
from polysteer.models.loading import LoadedModel
from polysteer.models.tokens import Tokens, tokenize_texts
from polysteer.models.written_text import Writing, WrittenText


def write_texts(
    loaded: LoadedModel, texts: Sequence[str], writing: Writing, *, token_budget: int = 4096
) -> list[WrittenText]:
    """What follows each text under whatever intervention is on: the same as for each by itself."""
    check_writes(loaded.model)
    tokens = tokenize_texts(loaded.tokenizer, texts, max_tokens=find_limit(loaded.model))
    prompts = cut_prompts(tokens, writing.prompt_tokens)
    longest = int(prompts.n_tokens.argmax())
    check_length(tokens, texts[longest], int(prompts.n_tokens[longest]), writing.new_tokens)
    written: dict[int, str] = {}
    for index in plan_batches(prompts.n_tokens + writing.new_tokens, token_budget=token_budget):
        written |= zip(index.tolist(), _write_batch(loaded, prompts, index, writing), strict=True)
    shown = [_decode(loaded.tokenizer, row) for row in np.split(prompts.ids, prompts.starts[1:-1])]
    return [WrittenText(shown[i], written[i]) for i in range(len(texts))]


def cut_prompts(tokens: Tokens, n_kept: int | None) -> Tokens:
    """Each text up to its last kept real token: after an end that a tokenizer puts, little would follow."""
    real = ~np.isin(tokens.ids, tokens.special_ids)
    rows: list[npt.NDArray[np.int64]] = []
    for start, stop in zip(tokens.starts[:-1], tokens.starts[1:], strict=True):
        places = np.flatnonzero(real[start:stop])[:n_kept]
        if not len(places):
            raise ModelError(f"text {len(rows)} has special tokens alone; leave such texts out")
        rows.append(tokens.ids[start : start + places[-1] + 1])
    starts = np.cumsum([0, *map(len, rows)])
    return tokens._replace(ids=np.concatenate(rows), starts=starts)


def _write_batch(
    loaded: LoadedModel, prompts: Tokens, index: npt.NDArray[np.int64], writing: Writing
) -> Iterator[str]:
    model: Any = loaded.model  # transformers types `generate` apart from the model
    batch = make_batch(prompts, index, device=find_input_device(model), pad_left=True)
    mask = torch.ones_like(batch.input_ids) if batch.attention_mask is None else batch.attention_mask
    n_given = batch.input_ids.shape[1]
    stops = [] if writing.stop is None else [_StopsAtText(loaded.tokenizer, writing.stop, n_given)]
    with torch.inference_mode():
        written = model.generate(
            input_ids=batch.input_ids,
            attention_mask=mask,
            max_new_tokens=writing.new_tokens,
            do_sample=False,
            num_beams=1,
            pad_token_id=prompts.pad_id,
            logits_processor=refuse_non_finite(),
            stopping_criteria=StoppingCriteriaList(stops),
        )
    ends = _end_ids(model)
    for row in written[:, n_given:].tolist():
        n_kept = next((i for i, token in enumerate(row) if token in ends), len(row))
        text = _decode(loaded.tokenizer, row[:n_kept])
        yield text if writing.stop is None else text.partition(writing.stop)[0]


class _StopsAtText(StoppingCriteria):
    """Ends each text of a batch once a string is in what was written."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, stop: str, n_given: int) -> None:
        self._tokenizer, self._stop, self._n_given = tokenizer, stop, n_given

    def __call__(self, input_ids: Tensor, _scores: Tensor, **_more: object) -> Tensor:
        rows = input_ids[:, self._n_given :].tolist()
        done = [self._stop in _decode(self._tokenizer, row) for row in rows]
        return torch.tensor(done, device=input_ids.device)


def _end_ids(model: Any) -> set[int]:
    """The tokens that end a text; what `generate` puts after one is padding."""
    ends = model.generation_config.eos_token_id
    return set(ends) if isinstance(ends, list) else set() if ends is None else {ends}


def _decode(tokenizer: PreTrainedTokenizerBase, ids: list[int] | npt.NDArray[np.int64]) -> str:
    text = tokenizer.decode(ids, skip_special_tokens=True)
    assert isinstance(text, str)
    return text
