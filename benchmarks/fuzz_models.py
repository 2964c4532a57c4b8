"""Mutated config.json files of real classes: `python benchmarks/fuzz_models.py`.

Claim: whatever a config.json says, `inspect_model` describes the model, or refuses it with a ModelError,
within seconds and without memory for its weights; nothing else ever leaves it. Every input is the config of a
small model with one to three mutations, drawn by a seed: values of other kinds and sizes, keys lost or moved,
the end cut off.
"""

import argparse
import json
import logging
import random
import resource
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import transformers as hf

from polysteer.errors import ModelError
from polysteer.models.inspection import inspect_model

SMALL = {"vocab_size": 97, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
MODELS: tuple[tuple[str, hf.PretrainedConfig], ...] = (
    ("LlamaForCausalLM", hf.LlamaConfig(**SMALL, intermediate_size=48)),
    ("XLMRobertaForMaskedLM", hf.XLMRobertaConfig(**SMALL, intermediate_size=48)),
    ("BloomForCausalLM", hf.BloomConfig(vocab_size=97, hidden_size=32, n_layer=2, n_head=4)),
    ("GPT2LMHeadModel", hf.GPT2Config(vocab_size=97, n_embd=32, n_layer=2, n_head=4)),
    (
        "MixtralForCausalLM",
        hf.MixtralConfig(**SMALL, intermediate_size=48, num_local_experts=2, num_key_value_heads=4),
    ),
    (
        "T5ForConditionalGeneration",
        hf.T5Config(vocab_size=97, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4),
    ),
)
HOSTILE: tuple[Any, ...] = (
    *(None, True, False, "", "32", "nope", "\0", [], [1], {}, {"a": 1}, [[]], "x" * 10_000),
    *(0, 1, -1, 3, 7, 2**31, 10**6, 10**9, 10**18, 1e308, 0.5, -0.0, float("nan"), float("inf")),
)


class Outcome(NamedTuple):
    """What came of all inputs; a crash is any other exception, with what led to it."""

    counts: Counter[str]
    crashes: list[str]
    slowest_seconds: float


def make_seeds() -> list[dict[str, Any]]:
    """The configs, as they would be saved."""
    return [
        json.loads(config.to_json_string(use_diff=False)) | {"architectures": [name]}
        for name, config in MODELS
    ]


def mutate(config: dict[str, Any], draw: random.Random) -> str:
    """Its text with one to three flaws."""
    changed = json.loads(json.dumps(config))
    for _ in range(draw.randint(1, 3)):
        keys = sorted(changed)
        key, other = draw.choice(keys), draw.choice(keys)
        kind = draw.randrange(10)
        if kind < 6:
            changed[key] = draw.choice(HOSTILE)
        elif kind == 6:
            del changed[key]
        elif kind == 7:
            changed[key], changed[other] = changed[other], changed[key]
        elif kind == 8 and type(changed[key]) is int:
            changed[key] *= draw.choice((2, 3, -1, 1000))
        else:
            changed[draw.choice(("text_config", "quantization_config", "auto_map", "encoder"))] = changed[key]
    text = json.dumps(changed)
    return text if draw.random() < 0.97 else text[: draw.randrange(len(text))]


def fuzz_models(n_inputs: int, *, folder: Path, seed: int = 0, seconds: float = float("inf")) -> Outcome:
    """Inspect every mutated config, as many as the seconds allow."""
    counts, crashes, slowest = Counter[str](), list[str](), 0.0
    seeds, end = make_seeds(), time.perf_counter() + seconds
    for config in seeds:
        (folder / "config.json").write_text(json.dumps(config))
        inspect_model(str(folder))  # the good ones are described
    for number in range(n_inputs):
        started = time.perf_counter()
        if started > end:
            break
        draw = random.Random(f"{seed}:{number}")
        (folder / "config.json").write_text(mutate(seeds[number % len(seeds)], draw))
        try:
            inspect_model(str(folder))
            counts["accepted"] += 1
        except ModelError:
            counts["refused"] += 1
        except Exception as error:  # noqa: BLE001, it is what is looked for
            counts["crashed"] += 1
            crashes.append(f"input {number} of seed {seed}: {type(error).__name__}: {error}"[:300])
        slowest = max(slowest, time.perf_counter() - started)
    return Outcome(counts, crashes, slowest)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=600, help="stop after so long")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    hf.logging.set_verbosity_error()
    logging.disable()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        found = fuzz_models(
            arguments.inputs, folder=Path(folder), seed=arguments.seed, seconds=arguments.seconds
        )
    print("\n".join(found.crashes))
    told = ", ".join(f"{found.counts[kind]:,} {kind}" for kind in ("accepted", "refused", "crashed"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    took = f"{time.perf_counter() - started:.0f} s, the slowest {found.slowest_seconds:.1f} s"
    print(f"{found.counts.total():,} mutated configs: {told} ({took}, at most {peak:.1f} GB)")
    if found.crashes:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
