"""What collecting responses costs over the bare forward pass of the same batches, on the tiny built-in shape.

Claim: at most 15 % on this model, where Python shows. Every round runs both ways; the least CPU time counts.
"""

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from polysteer.allocator import keep_freed_memory
from polysteer.models.backbone import find_backbone, run_backbone
from polysteer.models.batches import make_batch, plan_batches
from polysteer.models.tokens import tokenize_texts
from polysteer.responses.collection import collect_responses
from polysteer.responses.settings import ResponseSettings

SITES = {
    "mlp": ("mlp.hidden",),
    "attn.out mlp.out": ("attn.out", "mlp.out"),
    "selfcond": ("attn.qkv", "attn.out", "mlp.up", "mlp.out"),
}
N_WORDS = 4000


def make_tokenizer() -> PreTrainedTokenizerFast:
    """One token per word."""
    vocabulary = {f"w{i}": i for i in range(N_WORDS - 2)} | {"<unk>": N_WORDS - 2, "<pad>": N_WORDS - 1}
    base = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    base.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=base, unk_token="<unk>", pad_token="<pad>")


def make_model(dtype: torch.dtype) -> LlamaForCausalLM:
    """A Llama of the built-in model's size."""
    config = LlamaConfig(
        vocab_size=N_WORDS,
        hidden_size=192,
        intermediate_size=512,
        num_hidden_layers=4,
        num_attention_heads=4,
        pad_token_id=N_WORDS - 1,
    )
    return LlamaForCausalLM(config).to(dtype).eval()


def make_texts(n_texts: int) -> list[str]:
    """Sentences of 5 to 40 words."""
    rng = np.random.default_rng(0)
    return [
        " ".join(f"w{i}" for i in rng.integers(0, N_WORDS - 2, rng.integers(5, 41))) for _ in range(n_texts)
    ]


def time_forward(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, texts: list[str]) -> float:
    """Seconds of the backbone alone, no head, in the batches that collecting takes."""
    start = time.process_time()
    tokens = tokenize_texts(tokenizer, texts)
    with torch.inference_mode():
        for chosen in plan_batches(tokens.n_tokens, token_budget=4096):
            batch = make_batch(tokens, chosen)
            run_backbone(find_backbone(model), batch.input_ids, attention_mask=batch.attention_mask)
    return time.process_time() - start


def time_collect(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, texts: list[str], sites: tuple[str, ...]
) -> float:
    """Seconds of everything from texts to finished shards on disk."""
    settings = ResponseSettings("benchmark", sites, token_budget=4096)
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        collect_responses(model, tokenizer, {"en": texts}, Path(folder), settings)
        return time.process_time() - start


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    keep_freed_memory()
    tokenizer, texts = make_tokenizer(), make_texts(options.texts)
    for dtype in (torch.float32, torch.bfloat16):
        model = make_model(dtype)
        for name, sites in SITES.items():
            rounds = [
                (time_forward(model, tokenizer, texts), time_collect(model, tokenizer, texts, sites))
                for _ in range(options.rounds)
            ]
            forward, collect = (min(column) for column in zip(*rounds, strict=True))
            times = f"forward {forward:.3f} s, collect {collect:.3f} s"
            print(f"{dtype} {name:17s} {times}, {collect / forward - 1:+.1%}")


if __name__ == "__main__":
    main()
