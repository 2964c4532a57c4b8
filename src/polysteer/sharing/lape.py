"""Neuron lists of LAPE (Tang et al. 2024), `.neuron.pth`: [language][block] -> indices of MLP neurons."""

import pickle
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from polysteer.artifacts import atomic_path
from polysteer.errors import MaskError
from polysteer.masks.mask import ExpertMask
from polysteer.masks.metadata import MaskMetadata
from polysteer.sharing.origin import Origin, attach_origin, describe_import

if TYPE_CHECKING:
    import torch

SITE = "mlp.hidden"
_ZIP_MAGIC = b"PK\x03\x04"
_MAX_UNIT = np.iinfo(np.int32).max
# What torch's reader raises for archives that are cut off, altered or hold more than tensors.
_UNREADABLE = (
    RuntimeError, pickle.UnpicklingError, EOFError, OSError, ValueError, TypeError, KeyError, IndexError,
    AttributeError, AssertionError, OverflowError, MemoryError, struct.error,
)  # fmt: skip


def import_lape(path: Path, languages: Sequence[str], *, origin: Origin | None = None) -> list[ExpertMask]:
    """One mask per language, in the order of the file's lists, which the file itself does not tell.

    The file holds no scores, no values and no word on the model: those stay absent, and neurons are ablated.
    """
    lists = _read_lists(path)
    if len(lists) != len(languages):
        raise MaskError(
            f"{path} holds neurons of {len(lists)} languages, {len(languages)} are named "
            f"({', '.join(languages)}); name one for each list, in the order of the file"
        )
    n_blocks = {len(blocks) for blocks in lists}
    if len(n_blocks) > 1 or n_blocks == {0}:
        raise MaskError(
            f"{path} has languages with {sorted(n_blocks)} blocks; every list needs one per block"
        )
    return [
        attach_origin(_build_mask(path, language, list(languages), blocks), origin)
        for language, blocks in zip(languages, lists, strict=True)
    ]


def export_lape(masks: Sequence[ExpertMask], path: Path) -> None:
    """Write the masks' neurons as one list per mask; scores, values and what they are for are lost."""
    import torch

    sites = sorted({site for mask in masks for site in mask.metadata.sites} - {SITE})
    n_blocks = {mask.metadata.n_blocks for mask in masks}
    if sites:
        raise MaskError(f"the LAPE format knows {SITE} alone, these masks also name {', '.join(sites)}")
    if len(n_blocks) != 1 or None in n_blocks:
        raise MaskError(
            f"the masks are for models of {n_blocks} blocks; the LAPE format needs one known number"
        )
    blocks = range(n_blocks.pop() or 0)
    lists = [[torch.from_numpy(_units_of(mask, block)) for block in blocks] for mask in masks]
    with atomic_path(path) as temporary:
        torch.save(lists, temporary)


def _read_lists(path: Path) -> list[list[npt.NDArray[np.int64]]]:
    import torch

    try:
        with path.open("rb") as file:
            if file.read(len(_ZIP_MAGIC)) != _ZIP_MAGIC:
                raise MaskError(
                    f"{path} is not a file of torch.save (no zip archive), so no LAPE neuron list"
                )
        content = torch.load(path, weights_only=True, map_location="cpu")
    except _UNREADABLE as error:
        reason = str(error).strip().splitlines()
        raise MaskError(
            f"{path} cannot be read as lists of tensors: {reason[0] if reason else type(error).__name__}"
        ) from error
    _check_nesting(path, content)
    return [[_read_units(path, tensor) for tensor in blocks] for blocks in content]


def _check_nesting(path: Path, content: object) -> None:
    if not isinstance(content, list) or not content:
        raise MaskError(
            f"{path} holds a {type(content).__name__}; a LAPE file is a list with one entry per language"
        )
    for blocks in content:
        if not isinstance(blocks, list):
            raise MaskError(
                f"{path} holds a {type(blocks).__name__} for a language; it should list the blocks"
            )


def _read_units(path: Path, tensor: "torch.Tensor | Any") -> npt.NDArray[np.int64]:
    import torch

    if not isinstance(tensor, torch.Tensor) or tensor.layout != torch.strided or tensor.is_quantized:
        raise MaskError(
            f"{path} holds a {type(tensor).__name__} for a block; it should be a tensor of indices"
        )
    if tensor.ndim != 1 or (len(tensor) and tensor.dtype not in (torch.int64, torch.int32)):
        raise MaskError(
            f"{path} holds {tensor.dtype} of shape {tuple(tensor.shape)} for a block; "
            "it should be whole numbers in one row"
        )
    units: npt.NDArray[np.int64] = np.sort(tensor.to(torch.int64).numpy())
    if len(units) and not 0 <= units[0] <= units[-1] <= _MAX_UNIT:
        raise MaskError(f"{path} names the units {units[0]} to {units[-1]}, which no model has")
    return units


def _build_mask(
    path: Path, language: str, languages: list[str], blocks: list[npt.NDArray[np.int64]]
) -> ExpertMask:
    metadata = MaskMetadata(
        language=language,
        intervention="ablate",
        n_blocks=len(blocks),
        languages=languages,
        **describe_import(path.name, "LAPE neuron list", [SITE]),
    )
    unit = np.concatenate(blocks).astype(np.int32)
    block = np.repeat(np.arange(len(blocks), dtype=np.int32), [len(units) for units in blocks])
    try:
        return ExpertMask(metadata, np.zeros(len(unit), np.uint8), block, unit)
    except MaskError as error:
        raise MaskError(f"{path} cannot be used for {language}: {error}") from error


def _units_of(mask: ExpertMask, block: int) -> npt.NDArray[np.int64]:
    units: npt.NDArray[np.int64] = mask.unit[mask.block == block].astype(np.int64)
    return units
