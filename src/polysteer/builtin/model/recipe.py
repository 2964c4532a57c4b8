"""A whole training run: documents, tokenizer, rows, model, revisions and card, in one folder."""

from dataclasses import asdict
from pathlib import Path
from typing import Final

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from polysteer.artifacts import atomic_path, fingerprint, read_stamp, write_stamp
from polysteer.builtin.model.card import RunFacts, write_card
from polysteer.builtin.model.documents import write_documents
from polysteer.builtin.model.held_out import measure_perplexity, write_held_out
from polysteer.builtin.model.packing import pack_documents
from polysteer.builtin.model.revisions import FINAL_REVISION, builtin_folder
from polysteer.builtin.model.saving import remove_revisions
from polysteer.builtin.model.tokenizer import train_tokenizer
from polysteer.builtin.model.training import STATE_FILE, multiplies_bf16, train_model, training_device
from polysteer.builtin.model.training_plan import TrainingPlan
from polysteer.errors import ArtifactError, ModelError
from polysteer.progress import Progress

WEIGHTS_FOLDER: Final = "weights"
CARD_FILE: Final = "card.md"


def train_builtin(plan: TrainingPlan, folder: Path, *, command: str, progress: Progress) -> bool:
    """Make `folder`/weights/<revision> and its card; False where this plan's run was already finished there.

    A run that was stopped goes on from its last saved state and ends in the same bytes.
    """
    weights = folder / WEIGHTS_FOLDER
    _make_folder(weights)
    progress("writing documents", 0, plan.n_steps)
    documents = write_documents(
        plan.n_documents, languages=plan.languages, mix=plan.mix, n_meanings=plan.n_meanings, seed=plan.seed
    )
    stamp = fingerprint(asdict(plan), documents, training_device().type)
    if _is_finished(folder, stamp):
        return False
    if not (weights / STATE_FILE).exists():
        remove_revisions(weights)
    progress("training the tokenizer", 0, plan.n_steps)
    tokenizer = train_tokenizer(documents, vocabulary=plan.vocabulary)
    rows = pack_documents(documents, tokenizer, row_tokens=plan.row_tokens)
    losses = train_model(rows, tokenizer, plan, weights, stamp=stamp, progress=progress)
    _describe(plan, folder, n_data_tokens=rows.size, losses=losses, command=command)
    (weights / STATE_FILE).unlink(missing_ok=True)
    write_stamp(folder, stamp)
    return True


def _make_folder(folder: Path) -> None:
    """Before the work, so that a folder that cannot be had costs no minute."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArtifactError(
            f"cannot make the folder {folder}: {error.strerror or error}; name another one"
        ) from error


def _is_finished(folder: Path, stamp: str) -> bool:
    found = read_stamp(folder)
    if found not in (None, stamp):
        raise ModelError(
            f"{folder} holds a finished model of another plan (fingerprint {found}, this one is {stamp}): "
            "train into another folder, or delete that one first"
        )
    return found == stamp


def _describe(
    plan: TrainingPlan, folder: Path, *, n_data_tokens: int, losses: list[float], command: str
) -> None:
    """Write the card, from the model as it was saved."""
    saved = builtin_folder(FINAL_REVISION, weights=folder / WEIGHTS_FOLDER)
    model = LlamaForCausalLM.from_pretrained(saved, dtype=torch.float32)
    device = training_device()
    facts = RunFacts(
        command=command,
        n_parameters=model.num_parameters(),
        n_data_tokens=n_data_tokens,
        losses=losses,
        perplexity_by_language=measure_perplexity(
            model, PreTrainedTokenizerFast.from_pretrained(saved), write_held_out(plan.languages)
        ),
        device=device.type,
        threads=torch.get_num_threads(),
        arithmetic="bf16 autocast" if multiplies_bf16(device) else "fp32",
    )
    with atomic_path(folder / CARD_FILE) as temporary:
        temporary.write_text(write_card(plan, facts), encoding="utf-8")
