"""How well the built-in model predicts sentences of meanings it has never read."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

import torch
from torch.nn import functional
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from polysteer.builtin.grammar import linearize, sample_meanings

HELD_OUT_SENTENCES: Final = 300
_AT_ONCE: Final = 50


def write_held_out(languages: Sequence[str]) -> dict[str, list[str]]:
    """The dev split of the corpus's seed 0 in every language, which shares no meaning with its test split."""
    meanings = sample_meanings(HELD_OUT_SENTENCES, seed=0, split="dev")
    return {language: [linearize(meaning, language).text for meaning in meanings] for language in languages}


def measure_perplexity(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, texts: Mapping[str, Sequence[str]]
) -> dict[str, float]:
    """Perplexity per token of every language's texts, each read on its own after BOS."""
    return {language: _perplexity(model, tokenizer, list(lines)) for language, lines in texts.items()}


@torch.inference_mode()
def _perplexity(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, lines: list[str]) -> float:
    total, count = 0.0, 0
    for start in range(0, len(lines), _AT_ONCE):
        batch = tokenizer(lines[start : start + _AT_ONCE], padding=True, return_tensors="pt").to(model.device)
        real = batch["attention_mask"][:, 1:].bool()
        logits = model(**batch, use_cache=False).logits[:, :-1].float()
        losses = functional.cross_entropy(logits[real], batch["input_ids"][:, 1:][real], reduction="none")
        total += losses.double().sum().item()
        count += losses.numel()
    return math.exp(total / count)
