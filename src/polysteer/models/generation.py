"""What a model writes after a prompt, plain and under a mask."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor
from transformers import LogitsProcessor, LogitsProcessorList, PreTrainedModel

from polysteer.errors import ConfigError, ModelError, NumericError
from polysteer.models.backbone import find_input_device
from polysteer.models.intervene import Mask, intervene
from polysteer.models.limits import find_limit
from polysteer.models.loading import LoadedModel
from polysteer.models.sites import Overrides
from polysteer.models.tokens import Tokens, find_pad_id, tokenize_texts
from polysteer.terms import Where


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn; a temperature of 0 takes the likeliest one each time."""

    max_new_tokens: int = 60
    temperature: float = 0.8
    top_p: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**63:
            raise ConfigError(f"seed is {self.seed}; give a whole number from 0 to 2^63 - 1")
        if self.max_new_tokens < 1:
            raise ConfigError(f"max_new_tokens is {self.max_new_tokens}; ask for at least 1")
        if not 0 <= self.temperature < math.inf:
            raise ConfigError(f"temperature is {self.temperature}; give a number from 0, the likeliest token")
        if not 0 < self.top_p <= 1:
            raise ConfigError(f"top_p is {self.top_p}; give a number above 0, up to 1")

    def arguments(self) -> dict[str, object]:
        """Keywords of `generate`."""
        if self.temperature == 0:
            return {"max_new_tokens": self.max_new_tokens, "do_sample": False, "num_beams": 1}
        return {
            "max_new_tokens": self.max_new_tokens,
            "do_sample": True,
            "temperature": self.temperature,
            "top_p": self.top_p,
        }


class TextPair(NamedTuple):
    """What followed the same prompt with the same seed."""

    prompt: str
    plain: str
    steered: str


def generate_pairs(
    loaded: LoadedModel,
    prompts: Sequence[str],
    mask: Mask,
    sampling: Sampling,
    *,
    strength: float | None = None,
    intervention: str | None = None,
    where: Where | None = None,
    overrides: Overrides | None = None,
) -> list[TextPair]:
    """The continuations of every prompt without a mask and with it."""
    model = loaded.model
    held = intervene(
        model, mask, strength=strength, intervention=intervention, where=where, overrides=overrides
    )
    with held:
        steered = [generate_text(loaded, prompt, sampling) for prompt in prompts]
    plain = [generate_text(loaded, prompt, sampling) for prompt in prompts]
    return [TextPair(*texts) for texts in zip(prompts, plain, steered, strict=True)]


def generate_text(loaded: LoadedModel, prompt: str, sampling: Sampling) -> str:
    """The continuation of one prompt, under whatever intervention is on.

    It depends on the prompt and the seed, not on what was asked before.
    """
    tokenizer = loaded.tokenizer
    model: Any = loaded.model  # transformers types `generate` apart from the model
    check_writes(model)
    tokens = tokenize_texts(tokenizer, [prompt], max_tokens=find_limit(model), allow_empty=True)
    check_length(tokens, prompt, len(tokens.ids), sampling.max_new_tokens)
    device = find_input_device(model)
    ids = torch.from_numpy(tokens.ids)[None].to(device)
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices), torch.inference_mode():
        torch.manual_seed(sampling.seed)
        written = model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            pad_token_id=find_pad_id(tokenizer),
            logits_processor=refuse_non_finite(),
            **sampling.arguments(),
        )
    text = tokenizer.decode(written[0, ids.shape[-1] :], skip_special_tokens=True)
    assert isinstance(text, str)
    return text


class _RefusesNonFinite(LogitsProcessor):
    def __call__(self, _input_ids: Tensor, scores: Tensor) -> Tensor:
        if bool((scores.isnan() | scores.isposinf()).any()):
            raise NumericError(
                "what the model expects next is not finite; hold fewer neurons or at other values, or load "
                "the model in float32"
            )
        return scores


def refuse_non_finite() -> LogitsProcessorList:
    """For `generate`: stop where a next token would be drawn from numbers that are none."""
    return LogitsProcessorList([_RefusesNonFinite()])


def check_writes(model: PreTrainedModel) -> None:
    """Refuse a model that predicts no next token."""
    if not model.can_generate():
        raise ModelError(f"{type(model).__name__} writes no text; give a causal language model")


def check_length(tokens: Tokens, prompt: str, n_prompt: int, n_new: int) -> None:
    """Refuse a prompt that leaves no room for what is to be written."""
    if not n_prompt:
        raise ModelError(f"the prompt {prompt!r} has no tokens; write at least one word")
    if n_prompt + n_new > tokens.limit:
        count = f"{n_prompt} tokens or more" if n_prompt == tokens.limit else f"{n_prompt} tokens"
        raise ModelError(
            f"the prompt {prompt[:40]!r} has {count}, and with {n_new} new ones "
            f"they exceed the model's {tokens.limit}; shorten the prompt or ask for fewer"
        )
