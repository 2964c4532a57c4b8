"""The experts of one language with the values to hold them at, and their file."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from polysteer.errors import ArtifactError, MaskError
from polysteer.masks.chosen import ChosenSettings
from polysteer.masks.edits import NeuronEdit
from polysteer.masks.interventions import STATISTICS, list_needs, map_neurons
from polysteer.masks.metadata import MaskMetadata
from polysteer.tensorfile import TensorFile, open_tensors, write_tensors

_REQUIRED = ("site", "block", "unit")
_NUMBERS = ("score", "value", *STATISTICS)
_DTYPES = {"site": "uint8", "block": "int32", "unit": "int32"} | dict.fromkeys(_NUMBERS, "float32")
_LIMITS = {"auroc": (0.0, 1.0), "deviation": (0.0, np.inf), "source_deviation": (0.0, np.inf)}


class Shape(Protocol):
    """What a mask must know of a model before it can be put on it."""

    @property
    def family(self) -> str:
        """The architecture's name."""

    @property
    def n_blocks(self) -> int:
        """How many blocks it has."""

    @property
    def width_by_site(self) -> Mapping[str, int]:
        """Units per block of each site."""


@dataclass(frozen=True, eq=False)
class ExpertMask:
    """Neurons sorted by (site, block, unit), arrays of one length; what nobody knows is None.

    A mask without a neuron leaves the model as it is.

    `site` is an index into `metadata.sites`. What comes after `value` is for interventions that need it: see
    `masks/interventions.py`. A mask that exists has passed `verify`.
    """

    metadata: MaskMetadata
    site: npt.NDArray[np.uint8]
    block: npt.NDArray[np.int32]
    unit: npt.NDArray[np.int32]
    score: npt.NDArray[np.float32] | None = None
    value: npt.NDArray[np.float32] | None = None
    auroc: npt.NDArray[np.float32] | None = None
    mean: npt.NDArray[np.float32] | None = None
    deviation: npt.NDArray[np.float32] | None = None
    source_mean: npt.NDArray[np.float32] | None = None
    source_deviation: npt.NDArray[np.float32] | None = None
    slope: npt.NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        self.verify()

    def __len__(self) -> int:
        return len(self.unit)

    @property
    def chosen(self) -> ChosenSettings | None:
        """The settings that it was chosen with, if it was."""
        return self.metadata.chosen

    @classmethod
    def load(cls, path: Path | str) -> "ExpertMask":
        """Read a mask file, checking everything before any of it is used."""
        path = Path(path)
        try:
            file = open_tensors(path)
            return cls(MaskMetadata.from_strings(file.metadata), **_read_arrays(file))
        except ArtifactError as error:
            raise MaskError(str(error)) from error
        except MaskError as error:
            raise MaskError(f"{path} cannot be used as a mask: {error}") from error

    def save(self, path: Path | str) -> None:
        """Write the file: whole or not at all, and the same bytes for the same mask."""
        write_tensors(Path(path), self.arrays(), self.metadata.to_strings())

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The arrays that are known, by the names they have in the file."""
        arrays = {name: getattr(self, name) for name in _DTYPES}
        return {name: array for name, array in arrays.items() if array is not None}

    def verify(self) -> None:
        """Raise unless types, ranges, order and numbers are what the format promises."""
        for name, array in self.arrays().items():
            if array.dtype != _DTYPES[name] or array.ndim != 1 or len(array) != len(self):
                raise MaskError(
                    f"{name} is {array.dtype} of shape {array.shape}, not {_DTYPES[name]} of {len(self)}"
                )
        self._check_addresses(self.metadata.n_blocks, self.metadata.width_by_site)
        self._check_order()
        missing = [name for name in list_needs(self.metadata.intervention) if getattr(self, name) is None]
        if missing:
            raise MaskError(f"its intervention is {self.metadata.intervention}, but it holds no {missing[0]}")
        for name in _NUMBERS:
            array = getattr(self, name)
            if array is not None:
                self._check_numbers(name, array)

    def check_fits(self, shape: Shape) -> None:
        """Refuse a model of another shape than the one the mask was made for, naming what differs."""
        known, found = self.metadata, shape.width_by_site
        missing = sorted(set(known.sites) - set(found))
        if missing:
            raise MaskError(f"the mask is for the site {missing[0]}; the model has {', '.join(found)}")
        self._refuse_other("model_family", known.model_family, shape.family)
        self._refuse_other("n_blocks", known.n_blocks, shape.n_blocks)
        for site, width in (known.width_by_site or {}).items():
            self._refuse_other(f"width of {site}", width, found[site])
        self._check_addresses(shape.n_blocks, found)

    def edits(
        self,
        *,
        intervention: str | None = None,
        strength: float = 1.0,
        blocks: Collection[int] | None = None,
    ) -> list[NeuronEdit]:
        """An intervention (by default the mask's own) as changes of all sites and blocks, or of `blocks`."""
        gain, shift = map_neurons(
            intervention or self.metadata.intervention,
            strength,
            n_neurons=len(self),
            value=self.value,
            statistics={name: array for name, array in self.arrays().items() if name in STATISTICS},
        )
        cuts = np.flatnonzero(np.diff(self.site.astype(np.int64)) | np.diff(self.block)) + 1
        edits = []
        for rows in np.split(np.arange(len(self)), cuts) if len(self) else ():
            block = int(self.block[rows[0]])
            if blocks is None or block in blocks:
                site = self.metadata.sites[self.site[rows[0]]]
                edits.append(
                    NeuronEdit(site, block, self.unit[rows].astype(np.int64), gain[rows], shift[rows])
                )
        return edits

    def _check_numbers(self, name: str, array: npt.NDArray[np.float32]) -> None:
        low, high = _LIMITS.get(name, (-np.inf, np.inf))
        good = np.isfinite(array) & (array >= low) & (array <= high)
        if not good.all():
            row = int(np.argmin(good))
            allowed = "finite" if name not in _LIMITS else f"finite, from {low:g} to {high:g}"
            raise MaskError(f"{name} of {self._name(row)} is {array[row]}; numbers must be {allowed}")

    def _check_addresses(self, n_blocks: int | None, width_by_site: Mapping[str, int] | None) -> None:
        unknown = np.iinfo(np.int64).max
        _check_range("site", self.site, len(self.metadata.sites))
        _check_range("block", self.block, unknown if n_blocks is None else n_blocks)
        widths = [unknown if width_by_site is None else width_by_site[site] for site in self.metadata.sites]
        _check_range("unit", self.unit, np.array(widths, dtype=np.int64)[self.site])

    def _check_order(self) -> None:
        order = np.lexsort((self.unit, self.block, self.site))
        equal = [column[order][1:] == column[order][:-1] for column in (self.site, self.block, self.unit)]
        twice = np.logical_and.reduce(equal)
        if twice.any():
            raise MaskError(f"{self._name(int(order[np.argmax(twice)]))} is named twice")
        if (order != np.arange(len(self))).any():
            row = int(np.argmax(order != np.arange(len(self))))
            raise MaskError(f"row {row} is out of order; neurons are sorted by (site, block, unit)")

    def _refuse_other(self, field: str, made_for: object, found: object) -> None:
        if made_for is not None and made_for != found:
            raise MaskError(
                f"the mask was made for another shape of model: {field} is {made_for} in the mask and "
                f"{found} in the model; load {self.metadata.model_id or 'its model'} or use another mask"
            )

    def _name(self, row: int) -> str:
        return f"{self.metadata.sites[self.site[row]]} block {self.block[row]} unit {self.unit[row]}"


def _check_range(field: str, numbers: npt.NDArray[Any], limit: int | npt.NDArray[np.int64]) -> None:
    bad = (numbers < 0) | (numbers >= limit)
    if bad.any():
        row = int(np.argmax(bad))
        allowed = np.broadcast_to(limit, bad.shape)[row]
        raise MaskError(
            f"{field} in row {row} is {numbers[row]}; it must be from 0 up to, not including, {allowed}"
        )


def _read_arrays(file: TensorFile) -> dict[str, npt.NDArray[Any]]:
    names = set(file.entries)
    missing, foreign = sorted(set(_REQUIRED) - names), sorted(names - set(_DTYPES))
    if missing or foreign:
        raise MaskError(
            f"it lacks the tensor {missing[0]!r}" if missing else f"it holds an unknown tensor {foreign[0]!r}"
        )
    # Copies: a mask outlives its file.
    return {name: np.array(file.read(name)) for name in _DTYPES if name in names}
