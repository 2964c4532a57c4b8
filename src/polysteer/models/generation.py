"""What a model writes after a prompt, plain and under a mask."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from transformers import PreTrainedModel

from polysteer.errors import ModelError
from polysteer.models.backbone import find_input_device
from polysteer.models.intervene import Mask, intervene
from polysteer.models.limits import find_limit
from polysteer.models.loading import LoadedModel
from polysteer.models.sites import Overrides
from polysteer.models.tokens import Tokens, find_pad_id, tokenize_texts


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn; a temperature of 0 takes the likeliest one each time."""

    max_new_tokens: int = 60
    temperature: float = 0.8
    top_p: float = 0.95
    seed: int = 0

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
    strength: float = 1.0,
    intervention: str | None = None,
    overrides: Overrides | None = None,
) -> list[TextPair]:
    """The continuations of every prompt without a mask and with it."""
    model = loaded.model
    with intervene(model, mask, strength=strength, intervention=intervention, overrides=overrides):
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
            **sampling.arguments(),
        )
    text = tokenizer.decode(written[0, ids.shape[-1] :], skip_special_tokens=True)
    assert isinstance(text, str)
    return text


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
