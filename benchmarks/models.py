"""What recording and holding neurons cost over the bare forward pass of the same batches, without LM head.

Claims: recording mlp.hidden in all blocks, pooled over tokens, at most 5 % (15 % on the built-in model,
where Python shows); holding 1 % of its neurons at most 3 %. Ratios are of medians over rounds in which the
three ways take turns. On a CPU it is the process's own time on one thread that counts, so that other work on
the machine disturbs little. Beside it stands the share of the chip's own speed in matrix products, measured
in the same run. Malloc is set as `steer` sets it.

    python benchmarks/models.py                   # the built-in model, and 134 M random weights, on a CPU
    python benchmarks/models.py --device cuda     # the shapes of Bloom-7B1 and Aya-8B, random weights, bf16
    GLIBC_TUNABLES= python benchmarks/models.py   # with malloc as it is by default
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from transformers import (
    AutoModelForCausalLM,
    BloomConfig,
    CohereConfig,
    LlamaConfig,
    PretrainedConfig,
    PreTrainedModel,
)

from polysteer.allocator import keep_freed_memory
from polysteer.builtin.model.revisions import builtin_folder
from polysteer.builtin.model.training_plan import TrainingPlan
from polysteer.embeddings.pooling import pool_tokens
from polysteer.errors import ModelError
from polysteer.masks.edits import NeuronEdit
from polysteer.models.backbone import find_backbone, run_backbone
from polysteer.models.batches import Batch, make_batch, plan_batches
from polysteer.models.intervene import apply_edits
from polysteer.models.loading import choose_dtype
from polysteer.models.record import record
from polysteer.models.sites import describe_shape, find_sites
from polysteer.models.tokens import Tokens

SITE = "mlp.hidden"
HELD = 0.01
SHORTEST, LONGEST = 5, 40  # tokens of a text
N_PRODUCT = {"cpu": 2048, "cuda": 8192}


class Subject(NamedTuple):
    """A model to measure, and how much it reads in a round."""

    name: str
    config: PretrainedConfig
    n_texts: int
    token_budget: int


def builtin_config() -> tuple[str, PretrainedConfig]:
    """The built-in model if its weights are there, else its shape."""
    plan = TrainingPlan()
    try:
        builtin_folder()
    except ModelError:
        config = LlamaConfig(
            vocab_size=plan.vocabulary,
            hidden_size=plan.width,
            intermediate_size=plan.mlp_width,
            num_hidden_layers=plan.n_blocks,
            num_attention_heads=plan.n_heads,
        )
        return "built-in shape, random weights", config
    return "built-in model", LlamaConfig.from_pretrained(builtin_folder())


def list_subjects(device: str) -> list[Subject]:
    """Small ones for a CPU, the paper's for an accelerator."""
    if device == "cpu":
        middle = LlamaConfig(
            hidden_size=768, intermediate_size=2048, num_hidden_layers=12, num_attention_heads=12
        )
        return [
            Subject(*builtin_config(), n_texts=1000, token_budget=4096),
            Subject("134 M random weights", middle, n_texts=60, token_budget=1024),
        ]
    bloom = BloomConfig(vocab_size=250880, hidden_size=4096, n_layer=30, n_head=32)
    aya = CohereConfig(
        hidden_size=4096,
        intermediate_size=14336,
        num_hidden_layers=32,
        num_attention_heads=32,
        num_key_value_heads=8,
    )
    return [
        Subject("Bloom-7B1 shape, random weights", bloom, n_texts=4000, token_budget=16384),
        Subject("Aya-8B shape, random weights", aya, n_texts=4000, token_budget=16384),
    ]


def build_model(subject: Subject, device: torch.device, dtype: torch.dtype) -> PreTrainedModel:
    if subject.name == "built-in model":
        model = AutoModelForCausalLM.from_pretrained(builtin_folder(), dtype=dtype).to(device)
    else:
        with device:
            model = AutoModelForCausalLM.from_config(subject.config, dtype=dtype)
    return model.eval()


def make_batches(subject: Subject, device: torch.device) -> list[Batch]:
    """Random ids of sentence lengths, in the batches that `collect` would make."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(SHORTEST, LONGEST + 1, subject.n_texts)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    ids = rng.integers(10, subject.config.vocab_size, starts[-1])
    tokens = Tokens(ids, starts, special_ids=(), pad_id=0, n_truncated=0)
    plan = plan_batches(tokens.n_tokens, token_budget=subject.token_budget)
    return [make_batch(tokens, index, device=device) for index in plan]


def choose_edits(model: PreTrainedModel) -> list[NeuronEdit]:
    """One neuron in a hundred, spread evenly over blocks, held near 0."""
    shape, rng = describe_shape(model), np.random.default_rng(0)
    width = shape.width_by_site[SITE]
    n_held = max(1, round(HELD * width))
    edits = []
    for block in range(shape.n_blocks):
        units = np.sort(rng.choice(width, n_held, replace=False))
        values = rng.standard_normal(n_held).astype(np.float32) / 100
        edits.append(NeuronEdit(SITE, block, units, np.zeros(n_held, np.float32), values))
    return edits


class Reader:
    """Reads all batches in one of three ways, and says how long it took."""

    def __init__(self, model: PreTrainedModel, batches: list[Batch]) -> None:
        self._model, self._batches = model, batches
        self._site_map, self._edits = find_sites(model, [SITE]), choose_edits(model)
        self._batch, self._parts = batches[0], list[torch.Tensor]()

    def plain(self) -> float:
        return self._time(nullcontext(), self._run_backbone)

    def held(self) -> float:
        return self._time(apply_edits(self._model, self._edits), self._run_backbone)

    def recorded(self) -> float:
        with record(self._model, self._site_map, self._pool) as recorder:

            def run(batch: Batch) -> None:
                self._batch, self._parts = batch, []
                recorder.run(batch.input_ids, attention_mask=batch.attention_mask)
                torch.cat(self._parts, dim=1).cpu()

            return self._time(nullcontext(), run)

    def _pool(self, _site: str, _block: int, _first_unit: int, values: torch.Tensor) -> None:
        self._parts.append(pool_tokens(values, self._batch, "max"))

    def _run_backbone(self, batch: Batch) -> None:
        run_backbone(find_backbone(self._model), batch.input_ids, attention_mask=batch.attention_mask)

    def _time(self, context: AbstractContextManager[None], run: Callable[[Batch], None]) -> float:
        with torch.inference_mode(), context:
            start = read_clock(self._batches[0].input_ids.device)
            for batch in self._batches:
                run(batch)
            return read_clock(self._batches[0].input_ids.device) - start


def read_clock(device: torch.device) -> float:
    """Seconds: of this process on a CPU, of the wall once an accelerator has done what it was given."""
    if device.type == "cpu":
        return time.process_time()
    torch.cuda.synchronize(device)
    return time.perf_counter()


def measure_product(device: torch.device, dtype: torch.dtype) -> float:
    """Floating point operations per second of one large matrix product: the best of many."""
    n = N_PRODUCT[device.type]
    a, b = (torch.randn(n, n, device=device).to(dtype) for _ in range(2))
    seconds = []
    for _ in range(10):
        start = read_clock(device)
        a @ b
        seconds.append(read_clock(device) - start)
    return 2 * n**3 / min(seconds)


def count_operations(model: PreTrainedModel) -> int:
    """Per token, of the products with weights in the blocks: two for every weight that has two dimensions."""
    backbone = find_backbone(model)
    embeddings = {id(p) for p in backbone.get_input_embeddings().parameters()}
    return 2 * sum(p.numel() for p in backbone.parameters() if p.ndim == 2 and id(p) not in embeddings)


def measure(subject: Subject, device: torch.device, dtype: torch.dtype, n_rounds: int) -> str:
    """One line of the table."""
    model = build_model(subject, device, dtype)
    batches = make_batches(subject, device)
    reader = Reader(model, batches)
    ways = {"plain": reader.plain, "recorded": reader.recorded, "held": reader.held}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(n_rounds + 1):
        order = sorted(ways, key=lambda name: (list(ways).index(name) + turn) % len(ways))
        for name in order:
            elapsed = ways[name]()
            if turn:  # the first warms up
                seconds[name].append(elapsed)
    median = {name: statistics.median(times) for name, times in seconds.items()}
    n_tokens = sum(batch.input_ids.numel() for batch in batches)
    speed = n_tokens / median["plain"]
    share = speed * count_operations(model) / measure_product(device, dtype)
    return (
        f"| {subject.name} | {str(dtype).removeprefix('torch.')} | {speed:,.0f} | {share:.0%} "
        f"| {median['recorded'] / median['plain'] - 1:+.1%} | {median['held'] / median['plain'] - 1:+.1%} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--dtype", default="auto", choices=["auto", "float32", "bfloat16"])
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    keep_freed_memory()
    device = torch.device(options.device)
    asked = "bfloat16" if options.dtype == "auto" and options.device == "cuda" else options.dtype
    print("| model | precision | tokens per second | of the product's speed | recording | holding 1 % |")
    print("|---|---|---|---|---|---|")
    for subject in list_subjects(options.device):
        dtype = choose_dtype(asked, subject.config, device)
        print(measure(subject, device, dtype, options.rounds), flush=True)


if __name__ == "__main__":
    main()
