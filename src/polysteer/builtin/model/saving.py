"""How a training run writes a revision, and clears away those that an unfinished run left."""

import copy
import os
import shutil
from pathlib import Path

import torch
from safetensors.torch import save
from transformers import GenerationConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from polysteer.builtin.model.revisions import list_revisions
from polysteer.errors import ArtifactError


def save_revision(folder: Path, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast) -> None:
    """Write the model in bf16 with its tokenizer as one self-contained folder, which is whole or absent."""
    temporary = folder.with_name(f".{folder.name}.tmp")
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        _write_model(temporary, model)
        tokenizer.save_pretrained(temporary)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(temporary, folder)
    except OSError as error:
        raise ArtifactError(
            f"cannot write {folder}: {error.strerror or error}; make the folder writable or free some space, "
            "then run the same command again: it goes on from the last saved state"
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def remove_revisions(weights: Path) -> None:
    """Delete what an unfinished run left, so that no revision of one run stands beside those of another."""
    for name in list_revisions(weights):
        shutil.rmtree(weights / name)


def _write_model(folder: Path, model: LlamaForCausalLM) -> None:
    weights = {
        name: weight.detach().to(device="cpu", dtype=torch.bfloat16).contiguous()
        for name, weight in model.named_parameters()
    }
    config = copy.deepcopy(model.config)
    config.architectures, config.dtype = [type(model).__name__], torch.bfloat16
    config.save_pretrained(folder)
    GenerationConfig.from_model_config(config).save_pretrained(folder)
    (folder / "model.safetensors").write_bytes(save(weights, {"format": "pt"}))
