"""Masks as sets of neurons: union, intersection, difference, and how much they overlap."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.errors import MaskError
from polysteer.masks.mask import ExpertMask
from polysteer.masks.metadata import MaskMetadata
from polysteer.numbers import write_size

_SHAPE_FIELDS = ("model_family", "n_blocks", "shape_fingerprint")
_ONLY_OF_ITS_SELECTION = ("k", "k_per", "ends", "threshold", "exclusive", "control_of", "draw", "seed")


class Overlap(NamedTuple):
    """How many neurons two masks have, and how many of them are the same."""

    n_first: int
    n_second: int
    n_common: int

    @property
    def jaccard(self) -> float:
        """Common neurons as a share of all that either has."""
        return self.n_common / (self.n_first + self.n_second - self.n_common)


class BlockOverlap(NamedTuple):
    """The overlap within one site and block."""

    site: str
    block: int
    overlap: Overlap


class Comparison(NamedTuple):
    """The overlap of two masks, whole and by site and block; where neither has a neuron there is no entry."""

    total: Overlap
    by_block: list[BlockOverlap]


class _Alignment(NamedTuple):
    """Every neuron of some masks once, sorted, and its row in each mask or -1: rows is (masks, neurons)."""

    sites: list[str]
    site: npt.NDArray[np.uint8]
    block: npt.NDArray[np.int32]
    unit: npt.NDArray[np.int32]
    rows: npt.NDArray[np.int64]


def keep_blocks(mask: ExpertMask, blocks: Sequence[int]) -> ExpertMask:
    """The mask's neurons in these blocks alone; -1 is the model's last block."""
    n_blocks = mask.metadata.n_blocks
    if n_blocks is None:
        raise MaskError("the mask does not say how many blocks its model has, so none can be picked out")
    wanted = [block + n_blocks if block < 0 else block for block in blocks]
    for block, resolved in zip(blocks, wanted, strict=True):
        if not 0 <= resolved < n_blocks:
            raise MaskError(f"there is no block {block}; the model has 0 to {n_blocks - 1}, -1 is the last")
    kept = np.isin(mask.block, wanted)
    if not kept.any():
        raise MaskError(f"no expert stands in the blocks {list(blocks)}; raise k, or use k per block")
    arrays: dict[str, Any] = {name: array[kept] for name, array in mask.arrays().items()}
    return replace(mask, **arrays)


def unite_masks(first: ExpertMask, *others: ExpertMask, intervention: str | None = None) -> ExpertMask:
    """All neurons of all masks; a neuron of several has the score and value of the first that names it.

    Scores or values that are not of one kind in all masks are left out. Masks that do different things
    have to be told what they do together.
    """
    masks = (first, *others)
    aligned = _align_masks(masks)
    metadata = _unite_metadata([mask.metadata for mask in masks], aligned.sites, intervention)
    arrays = {
        name: _take_first([getattr(mask, name) for mask in masks], aligned.rows)
        for name, kind in (("score", metadata.score), ("value", metadata.value_statistic))
        if kind is not None and all(getattr(mask, name) is not None for mask in masks)
    }
    return ExpertMask(metadata, aligned.site, aligned.block, aligned.unit, **arrays)


def intersect_masks(first: ExpertMask, *others: ExpertMask) -> ExpertMask:
    """The neurons that all masks name, with the scores, values and language of the first."""
    rows = _align_masks((first, *others)).rows
    return _select(first, rows[0][(rows >= 0).all(axis=0)], "in", others)


def subtract_masks(first: ExpertMask, *others: ExpertMask) -> ExpertMask:
    """The neurons of the first mask that none of the others names, as the first has them."""
    rows = _align_masks((first, *others)).rows
    return _select(first, rows[0][(rows[0] >= 0) & (rows[1:] < 0).all(axis=0)], "not in", others)


def compare_masks(first: ExpertMask, second: ExpertMask) -> Comparison:
    """What two masks have in common."""
    aligned = _align_masks((first, second))
    present = aligned.rows >= 0
    counted = np.stack([present[0], present[1], present.all(axis=0)]).astype(np.int64)
    starts = np.flatnonzero(
        np.concatenate([[True], (np.diff(aligned.site) != 0) | (np.diff(aligned.block) != 0)])
    )
    by_block = [
        BlockOverlap(aligned.sites[aligned.site[start]], int(aligned.block[start]), Overlap(*counts.tolist()))
        for start, counts in zip(starts, np.add.reduceat(counted, starts, axis=1).T, strict=True)
    ]
    return Comparison(Overlap(*counted.sum(axis=1).tolist()), by_block)


def measure_overlaps(masks: Sequence[ExpertMask]) -> npt.NDArray[np.float64]:
    """The Jaccard index of every pair, of shape (masks, masks)."""
    present = (_align_masks(masks).rows >= 0).astype(np.float64)
    common = present @ present.T
    sizes = np.diag(common)
    jaccard: npt.NDArray[np.float64] = common / (sizes[:, None] + sizes - common)
    return jaccard


def _align_masks(masks: Sequence[ExpertMask]) -> _Alignment:
    for other in masks[1:]:
        _check_same_shape(masks[0].metadata, other.metadata)
    sites = list(dict.fromkeys(site for mask in masks for site in mask.metadata.sites))
    numbers = [np.array([sites.index(site) for site in mask.metadata.sites], np.uint8) for mask in masks]
    site = np.concatenate([number[mask.site] for number, mask in zip(numbers, masks, strict=True)])
    block = np.concatenate([mask.block for mask in masks])
    unit = np.concatenate([mask.unit for mask in masks])
    order = np.lexsort((unit, block, site))
    changes = [column[order][1:] != column[order][:-1] for column in (site, block, unit)]
    is_new = np.concatenate([[True], np.logical_or.reduce(changes)])
    neuron = np.empty(len(order), np.int64)
    neuron[order] = np.cumsum(is_new) - 1
    rows = np.full((len(masks), int(is_new.sum())), -1, np.int64)
    stop = 0
    for row, mask in zip(rows, masks, strict=True):
        start, stop = stop, stop + len(mask)
        row[neuron[start:stop]] = np.arange(len(mask))
    kept = order[is_new]
    return _Alignment(sites, site[kept], block[kept], unit[kept], rows)


def _check_same_shape(first: MaskMetadata, second: MaskMetadata) -> None:
    known = [(field, getattr(first, field), getattr(second, field)) for field in _SHAPE_FIELDS]
    widths = first.width_by_site or {}, second.width_by_site or {}
    known += [
        (f"width of {site}", widths[0][site], widths[1][site]) for site in widths[0] if site in widths[1]
    ]
    for field, here, there in known:
        if None not in (here, there) and here != there:
            raise MaskError(
                f"the masks are of models of different shapes: {field} is {here} for {first.language} and "
                f"{there} for {second.language}; take masks of one model"
            )


def _take_first(
    numbers: Sequence[npt.NDArray[np.float32]], rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    taken = np.empty(rows.shape[1], np.float32)
    for array, row in zip(reversed(numbers), rows[::-1], strict=True):
        taken[row >= 0] = array[row[row >= 0]]
    return taken


def _unite_metadata(
    all_known: Sequence[MaskMetadata], sites: list[str], intervention: str | None
) -> MaskMetadata:
    """What all masks agree on, and what they come to together."""
    common = {
        name: value
        for name, value in all_known[0].model_dump().items()
        if all(getattr(known, name) == value for known in all_known) and name not in _ONLY_OF_ITS_SELECTION
    }
    intervention = intervention or common.get("intervention")
    if intervention is None:
        several = sorted({known.intervention for known in all_known})
        raise MaskError(
            f"the masks do different things ({', '.join(several)}); say which `intervention` is meant"
        )
    widths = [known.width_by_site for known in all_known]
    merged = {site: width for by_site in widths for site, width in (by_site or {}).items()}
    own = {
        "language": "+".join(dict.fromkeys(known.language for known in all_known)),
        "sites": sites,
        "width_by_site": {site: merged[site] for site in sites} if all(widths) else None,
        "experts": "combined",
        "intervention": intervention,
        "notes": " united with ".join(map(_describe, all_known)),
    }
    return MaskMetadata(**common | own)


def _select(
    first: ExpertMask, rows: npt.NDArray[np.int64], relation: str, others: Sequence[ExpertMask]
) -> ExpertMask:
    note = f"{_describe(first.metadata)}: neurons {relation} " + ", ".join(
        _describe(other.metadata) for other in others
    )
    if not len(rows):
        raise MaskError(f"no neuron is left of {note}")
    forgotten = dict.fromkeys(_ONLY_OF_ITS_SELECTION)
    metadata = first.metadata.model_copy(update={**forgotten, "experts": "combined", "notes": note})
    return ExpertMask(metadata, **{name: array[rows] for name, array in first.arrays().items()})


def _describe(known: MaskMetadata) -> str:
    facts = [known.experts, known.score, None if known.k is None else f"k {write_size(known.k)}"]
    return f"{known.language} ({', '.join(fact for fact in facts if fact)})"
