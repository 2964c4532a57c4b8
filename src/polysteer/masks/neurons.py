"""All neurons of a model's sites in one order: by (site, block, unit), numbered from 0."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.errors import MaskError


class Segment(NamedTuple):
    """The neurons of one site and block: `start` up to `stop`."""

    site: str
    block: int
    start: int
    stop: int


class Addresses(NamedTuple):
    """Where neurons are: site as an index into the names of the sites, block, unit."""

    site: npt.NDArray[np.uint8]
    block: npt.NDArray[np.int32]
    unit: npt.NDArray[np.int32]


@dataclass(frozen=True)
class NeuronTable:
    """The sites looked at, how many units each has in every block, and how many blocks there are."""

    sites: tuple[str, ...]
    widths: tuple[int, ...]
    n_blocks: int

    def __post_init__(self) -> None:
        sizes = (self.n_blocks, *self.widths)
        if not self.sites or len(set(self.sites)) < len(self.sites) or min(sizes) < 1:
            raise MaskError(
                f"sites {list(self.sites)} of widths {list(self.widths)} in {self.n_blocks} blocks: "
                "name one site or more, each once, with units in every block"
            )

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """One for every site and block, in order."""
        segments, start = [], 0
        for site, width in zip(self.sites, self.widths, strict=True):
            for block in range(self.n_blocks):
                segments.append(Segment(site, block, start, start + width))
                start += width
        return tuple(segments)

    @property
    def width_by_site(self) -> dict[str, int]:
        """Units per block of each site."""
        return dict(zip(self.sites, self.widths, strict=True))

    @property
    def n_neurons(self) -> int:
        """How many there are in all."""
        return self.n_blocks * sum(self.widths)

    def only(self, sites: Sequence[str]) -> "NeuronTable":
        """The table of some of the sites, in this one's order."""
        absent = [site for site in sites if site not in self.sites]
        if absent:
            raise MaskError(f"there is no {' and no '.join(absent)} among the sites {', '.join(self.sites)}")
        kept = [site for site in self.sites if site in sites]
        return NeuronTable(tuple(kept), tuple(self.width_by_site[site] for site in kept), self.n_blocks)

    def numbers_at(self, sites: Sequence[str]) -> npt.NDArray[np.int64]:
        """The numbers here of the neurons that stand at some of the sites, ascending."""
        parts = [np.arange(part.start, part.stop) for part in self.segments if part.site in sites]
        return np.concatenate(parts)

    def locate(self, neurons: npt.NDArray[np.int64]) -> Addresses:
        """Site, block and unit of neurons given by their numbers."""
        site_starts = np.cumsum([0, *self.widths[:-1]]) * self.n_blocks
        site = np.searchsorted(site_starts, neurons, side="right") - 1
        block, unit = np.divmod(neurons - site_starts[site], np.array(self.widths)[site])
        return Addresses(site.astype(np.uint8), block.astype(np.int32), unit.astype(np.int32))

    def number(self, addresses: Addresses) -> npt.NDArray[np.int64]:
        """The reverse of `locate`."""
        site_starts = np.cumsum([0, *self.widths[:-1]]) * self.n_blocks
        widths = np.array(self.widths, dtype=np.int64)
        numbers: npt.NDArray[np.int64] = (
            site_starts[addresses.site] + addresses.block * widths[addresses.site] + addresses.unit
        )
        return numbers

    def name(self, neuron: int) -> str:
        """For people."""
        site, block, unit = self.locate(np.array([neuron]))
        return f"{self.sites[site[0]]} block {block[0]} unit {unit[0]}"
