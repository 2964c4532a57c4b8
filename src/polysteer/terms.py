"""The words that settings, files, numbers and reports share. Each set of them stands here alone."""

from typing import Literal, get_args

Site = Literal["mlp.hidden", "mlp.up", "mlp.gate", "mlp.out", "attn.qkv", "attn.out", "block.out"]
SITES: tuple[Site, ...] = get_args(Site)

Layer = int | Literal["final"]
"""An embedding layer: 0 the token embeddings, n the output of block n - 1, final what the last norm gives."""

ResponsePool = Literal["max", "mean"]
"""How a neuron's activations over a sentence become one response."""

EmbeddingPool = Literal["mean", "max", "last"]
"""How a sentence's token states become one vector."""

Score = Literal["ap", "auroc", "mean_diff", "lape"]
SCORES: tuple[Score, ...] = get_args(Score)

Experts = Literal["own", "union"]

Value = Literal[
    "pooled_median", "pooled_p90", "pooled_mean", "token_median", "token_mean", "others_token_mean"
]
"""The statistic that experts are held at."""
VALUES: tuple[Value, ...] = get_args(Value)

Intervention = Literal[
    "set", "ablate", "scale", "add", "transport_mean", "transport_gaussian", "transport_linear"
]
"""What is done to neurons."""
INTERVENTIONS: tuple[Intervention, ...] = get_args(Intervention)

EraseMethod = Literal["mean_difference", "leace"]
"""How the languages' directions are found."""
ERASE_METHODS: tuple[EraseMethod, ...] = get_args(EraseMethod)

Where = Literal["real", "last", "all"]
"""The tokens at which a model is changed."""

Ends = Literal["top", "bottom", "both"]
Per = Literal["model", "site", "block"]
Dtype = Literal["auto", "float32", "float16", "bfloat16"]
