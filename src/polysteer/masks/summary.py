"""What a person asks of a mask: how many neurons stand where, and which are the best."""

from typing import NamedTuple

import numpy as np

from polysteer.masks.mask import ExpertMask


class BlockCount(NamedTuple):
    """The neurons of one site and block, and what share they are of its units where that is known."""

    site: str
    block: int
    n_neurons: int
    share: float | None


class Neuron(NamedTuple):
    """One row of a mask."""

    site: str
    block: int
    unit: int
    score: float | None
    value: float | None


def count_by_block(mask: ExpertMask) -> list[BlockCount]:
    """One entry for every site and block that has a neuron of the mask."""
    place = np.stack([mask.site.astype(np.int64), mask.block.astype(np.int64)])
    is_new = np.concatenate([[True], (np.diff(place, axis=1) != 0).any(axis=0)])[: len(mask)]
    starts = np.flatnonzero(is_new)
    widths = mask.metadata.width_by_site or {}
    entries = []
    for start, n_neurons in zip(starts, np.diff(starts, append=len(mask)).tolist(), strict=True):
        site = mask.metadata.sites[mask.site[start]]
        share = n_neurons / widths[site] if site in widths else None
        entries.append(BlockCount(site, int(mask.block[start]), n_neurons, share))
    return entries


def best_neurons(mask: ExpertMask, n_neurons: int) -> list[Neuron]:
    """The highest scored, of equals the first; without scores the first of all."""
    order = np.arange(len(mask)) if mask.score is None else np.argsort(-mask.score, kind="stable")
    return [
        Neuron(
            mask.metadata.sites[mask.site[row]],
            int(mask.block[row]),
            int(mask.unit[row]),
            None if mask.score is None else float(mask.score[row]),
            None if mask.value is None else float(mask.value[row]),
        )
        for row in order[:n_neurons]
    ]
