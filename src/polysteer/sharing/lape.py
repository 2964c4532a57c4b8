"""Neuron lists of LAPE (Tang et al. 2024), `.neuron.pth`: [language][block] -> indices of MLP neurons."""

import io
import pickle
import struct
import zipfile
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

SITES = ("mlp.hidden", "mlp.gate")
"""Where its neurons may stand, as the same numbers: a gate at 0 leaves nothing of its hidden unit."""

_ZIP_MAGIC = b"PK\x03\x04"
_MAX_UNIT = np.iinfo(np.int32).max
# What torch's reader raises for archives that are cut off, altered or hold more than tensors.
_UNREADABLE = (
    RuntimeError, pickle.UnpicklingError, EOFError, OSError, ValueError, TypeError, KeyError, IndexError,
    AttributeError, AssertionError, OverflowError, MemoryError, NotImplementedError, struct.error,
    zipfile.BadZipFile,
)  # fmt: skip


def import_lape(
    path: Path, languages: Sequence[str], *, site: str = SITES[0], origin: Origin | None = None
) -> list[ExpertMask]:
    """One mask per language, in the order of the file's lists, which the file itself does not tell.

    The file holds no scores, no values and no word on the model: those stay absent, and neurons are ablated.
    """
    if site not in SITES:
        raise MaskError(f"LAPE's neurons stand at {' or '.join(SITES)}, not at {site!r}")
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
        attach_origin(_build_mask(path, language, list(languages), blocks, site), origin)
        for language, blocks in zip(languages, lists, strict=True)
    ]


def export_lape(masks: Sequence[ExpertMask], path: Path) -> None:
    """Write the masks' neurons as one list per mask; scores, values and what they are for are lost."""
    import torch

    sites = sorted({site for mask in masks for site in mask.metadata.sites})
    n_blocks = {mask.metadata.n_blocks for mask in masks}
    if len(sites) != 1 or sites[0] not in SITES:
        raise MaskError(
            f"the LAPE format knows one site, {' or '.join(SITES)}; these masks name {', '.join(sites)}"
        )
    if len(n_blocks) != 1 or None in n_blocks:
        raise MaskError(
            f"the masks are for models of {n_blocks} blocks; the LAPE format needs one known number"
        )
    blocks = range(n_blocks.pop() or 0)
    lists = [[torch.from_numpy(_units_of(mask, block)) for block in blocks] for mask in masks]
    content = io.BytesIO()  # a file's own name would be part of the bytes
    torch.save(lists, content)
    with atomic_path(path) as temporary:
        temporary.write_bytes(content.getbuffer())


def _read_lists(path: Path) -> list[list[npt.NDArray[np.int64]]]:
    import torch

    try:
        with path.open("rb") as file:
            if file.read(len(_ZIP_MAGIC)) != _ZIP_MAGIC:
                raise MaskError(
                    f"{path} is not a file of torch.save (no zip archive), so no LAPE neuron list"
                )
        _check_size(path)
        content = torch.load(path, weights_only=True, map_location="cpu")
        _check_nesting(path, content)
        return _read_nested(path, content)
    except _UNREADABLE as error:
        reason = str(error).strip().splitlines()
        raise MaskError(
            f"{path} cannot be read as lists of tensors: {reason[0] if reason else type(error).__name__}"
        ) from error


def _check_size(path: Path) -> None:
    """What is packed would unpack to any size; torch.save packs nothing."""
    with zipfile.ZipFile(path) as archive:
        n_bytes = sum(entry.file_size for entry in archive.infolist())
    if n_bytes > path.stat().st_size:
        raise MaskError(f"{path} unpacks to {n_bytes} bytes; it was not written by torch.save")


def _read_nested(path: Path, content: "list[list[Any]]") -> list[list[npt.NDArray[np.int64]]]:
    """Tensors can share their numbers and repeat them: together no more than the file has bytes."""
    left = path.stat().st_size
    lists: list[list[npt.NDArray[np.int64]]] = []
    for blocks in content:
        lists.append([])
        for tensor in blocks:
            _check_tensor(path, tensor)
            left -= len(tensor)
            if left < 0:
                raise MaskError(
                    f"{path} repeats its numbers to more units than it has bytes; take the original"
                )
            lists[-1].append(_read_units(path, tensor))
    return lists


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


def _check_tensor(path: Path, tensor: "torch.Tensor | Any") -> None:
    import torch

    if not isinstance(tensor, torch.Tensor) or tensor.layout != torch.strided or tensor.is_quantized:
        raise MaskError(
            f"{path} holds a {type(tensor).__name__} for a block; it should be a tensor of indices"
        )
    if tensor.device.type != "cpu":
        raise MaskError(f"{path} holds a tensor without numbers (device {tensor.device}); save it from a CPU")
    if tensor.ndim != 1 or (len(tensor) and tensor.dtype not in (torch.int64, torch.int32)):
        raise MaskError(
            f"{path} holds {tensor.dtype} of shape {tuple(tensor.shape)} for a block; "
            "it should be whole numbers in one row"
        )


def _read_units(path: Path, tensor: "torch.Tensor") -> npt.NDArray[np.int64]:
    import torch

    units: npt.NDArray[np.int64] = np.sort(tensor.to(torch.int64).numpy())
    if len(units) and not 0 <= units[0] <= units[-1] <= _MAX_UNIT:
        raise MaskError(f"{path} names the units {units[0]} to {units[-1]}, which no model has")
    return units


def _build_mask(
    path: Path, language: str, languages: list[str], blocks: list[npt.NDArray[np.int64]], site: str
) -> ExpertMask:
    metadata = MaskMetadata(
        language=language,
        intervention="ablate",
        n_blocks=len(blocks),
        languages=languages,
        **describe_import(path.name, "LAPE neuron list", [site]),
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
