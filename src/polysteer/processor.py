"""What this machine's processor is fast at."""

import torch


def multiplies_bfloat16() -> bool:
    """Whether this processor has instructions for bf16 products, which are then several times faster."""
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))
