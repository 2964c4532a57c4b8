"""The training loop: packed rows in, a Llama-class language model and its earlier revisions out."""

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from polysteer.builtin.model.packing import pick_rows
from polysteer.builtin.model.revisions import FINAL_REVISION, revision_name
from polysteer.builtin.model.saving import save_revision
from polysteer.builtin.model.state import load_state, save_state
from polysteer.builtin.model.training_plan import TrainingPlan
from polysteer.errors import NumericError
from polysteer.processor import multiplies_bfloat16
from polysteer.progress import Progress

STATE_FILE: Final = "state.safetensors"


def train_model(
    rows: npt.NDArray[np.int32],
    tokenizer: PreTrainedTokenizerFast,
    plan: TrainingPlan,
    folder: Path,
    *,
    stamp: str,
    progress: Progress,
) -> list[float]:
    """Train into `folder`, going on from a saved state if there is one; the loss of every step, in nats."""
    device = training_device()
    model = make_model(plan, tokenizer)
    model.to(device)  # type: ignore[arg-type]
    optimizer = torch.optim.AdamW(
        _parameter_groups(model, plan.weight_decay), lr=plan.peak_learning_rate, betas=(0.9, 0.98), fused=True
    )
    state_path = folder / STATE_FILE
    losses = load_state(state_path, model, optimizer, stamp=stamp)
    for step in range(len(losses), plan.n_steps):
        picked = pick_rows(len(rows), step=step, rows_per_step=plan.rows_per_step, seed=plan.seed)
        losses.append(
            _take_step(model, optimizer, torch.from_numpy(rows[picked]).to(device).long(), plan, step)
        )
        if step + 1 in plan.revision_steps:
            save_revision(folder / revision_name(step + 1), model, tokenizer)
        if (step + 1) % plan.state_every == 0:
            save_state(state_path, model, optimizer, losses=losses, stamp=stamp)
        progress(f"training, loss {losses[-1]:.2f}", step + 1, plan.n_steps)
    save_revision(folder / FINAL_REVISION, model, tokenizer)
    return losses


def training_device() -> torch.device:
    """The GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def make_model(plan: TrainingPlan, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """A fresh model with weights drawn from the plan's seed, leaving the global generator as it was."""
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=plan.width,
        intermediate_size=plan.mlp_width,
        num_hidden_layers=plan.n_blocks,
        num_attention_heads=plan.n_heads,
        max_position_embeddings=plan.row_tokens,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    # Materialised attention trains about a fifth faster than the fused kernel on rows this short.
    config._attn_implementation = "eager"
    with torch.random.fork_rng():
        torch.manual_seed(plan.seed)
        return LlamaForCausalLM(config)


def measure_density(states: torch.Tensor) -> torch.Tensor:
    """How evenly states spread over their neurons: mean over root mean square, 1 if all are alike."""
    wide = states.float()
    ratio = wide.abs().mean(-1) / (wide.square().mean(-1) + 1e-8).sqrt()
    return ratio.mean()


def multiplies_bf16(device: torch.device) -> bool:
    """Whether 16-bit products are faster than 32-bit ones here."""
    return torch.cuda.is_bf16_supported() if device.type == "cuda" else multiplies_bfloat16()


def _take_step(
    model: LlamaForCausalLM,
    optimizer: torch.optim.Optimizer,
    ids: torch.Tensor,
    plan: TrainingPlan,
    step: int,
) -> float:
    for group in optimizer.param_groups:
        group["lr"] = plan.learning_rate(step)
    with torch.autocast(ids.device.type, torch.bfloat16, enabled=multiplies_bf16(ids.device)):
        output = model(input_ids=ids, use_cache=False, output_hidden_states=True)
    logits = output.logits[:, :-1].flatten(0, 1).float()
    loss = functional.cross_entropy(logits, ids[:, 1:].flatten())
    if not torch.isfinite(loss):
        raise NumericError(
            f"the loss is {loss.item()} at step {step + 1}: train again with a lower peak learning rate "
            f"than {plan.peak_learning_rate}"
        )
    density = torch.stack([measure_density(states) for states in output.hidden_states[1:]]).mean()
    (loss + plan.density_weight * density).backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(model.parameters(), plan.gradient_norm)
    optimizer.step()
    optimizer.zero_grad()
    return loss.item()


def _parameter_groups(model: LlamaForCausalLM, weight_decay: float) -> list[dict[str, object]]:
    weights = list(model.parameters())
    return [
        {"params": [weight for weight in weights if weight.ndim > 1], "weight_decay": weight_decay},
        {"params": [weight for weight in weights if weight.ndim == 1], "weight_decay": 0.0},
    ]
