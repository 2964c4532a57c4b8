"""What a mask has to agree with: the shape of a model, in names and numbers alone (no torch)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from polysteer.artifacts import fingerprint
from polysteer.terms import Layer


@dataclass(frozen=True)
class ModelShape:
    """How many blocks there are and how many units each site has in every one of them."""

    family: str
    n_blocks: int
    width: int  # of the residual stream
    width_by_site: Mapping[str, int]  # the sites this model has, in SITES' order

    def __post_init__(self) -> None:
        object.__setattr__(self, "width_by_site", MappingProxyType(dict(self.width_by_site)))

    @property
    def fingerprint(self) -> str:
        """Changes when and only when the shape does."""
        return fingerprint(self.family, self.n_blocks, self.width, dict(self.width_by_site))

    @property
    def layers(self) -> tuple[Layer, ...]:
        """0 for the token embeddings, n for the raw output of block n - 1, final."""
        return (*range(self.n_blocks + 1), "final")

    def count_neurons(self, sites: tuple[str, ...]) -> int:
        """All neurons of these sites, over all blocks."""
        return self.n_blocks * sum(self.width_by_site[site] for site in sites)
