"""The directions in which languages differ, by layer, and what taking them out does; their file."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from polysteer.errors import ArtifactError, InterventionError, MaskError
from polysteer.masks.chosen import ChosenSettings
from polysteer.masks.edits import SubspaceEdit
from polysteer.masks.mask import Shape
from polysteer.masks.subspace_metadata import SubspaceMetadata
from polysteer.tensorfile import TensorFile, open_tensors, write_tensors

SITE = "block.out"
FINAL = "final"

Floats = npt.NDArray[np.float32]

_TENSORS = ("mean", "left", "right")


@dataclass(frozen=True, eq=False)
class LanguageSubspace:
    """By layer y = x - (x - mean) left right.

    `mean` is (layers, width), `left` (layers, width, rank), `right` (layers, rank, width). Layers are
    embedding layers: "0" the token embeddings, "n" the output of block n - 1, "final" what comes after the
    last norm. No language label is needed. A subspace that exists has passed `verify`.
    """

    metadata: SubspaceMetadata
    mean: Floats
    left: Floats
    right: Floats

    def __post_init__(self) -> None:
        self.verify()

    @property
    def rank(self) -> int:
        """How many directions are taken out."""
        return int(self.left.shape[-1])

    @property
    def chosen(self) -> ChosenSettings | None:
        """The settings that it was chosen with, if it was."""
        return self.metadata.chosen

    @classmethod
    def load(cls, path: Path | str) -> "LanguageSubspace":
        """Read a subspace file, checking everything before any of it is used."""
        path = Path(path)
        try:
            file = open_tensors(path)
            return cls(SubspaceMetadata.from_strings(file.metadata), **_read_arrays(file))
        except ArtifactError as error:
            raise MaskError(str(error)) from error
        except MaskError as error:
            raise MaskError(f"{path} cannot be used as a language subspace: {error}") from error

    def save(self, path: Path | str) -> None:
        """Write the file: whole or not at all, and the same bytes for the same subspace."""
        arrays = {name: getattr(self, name) for name in _TENSORS}
        write_tensors(Path(path), arrays, self.metadata.to_strings())

    def verify(self) -> None:
        """Raise unless types, shapes and numbers are what the format promises."""
        n_layers, width = len(self.metadata.layers), self.metadata.width
        rank = self.left.shape[-1] if self.left.ndim else 0
        if not 0 < rank <= width:
            raise MaskError(f"its rank is {rank}; it must be from 1 to the width, {width}")
        shapes = ((n_layers, width), (n_layers, width, rank), (n_layers, rank, width))
        for name, shape in zip(_TENSORS, shapes, strict=True):
            array = getattr(self, name)
            if array.dtype != np.float32 or array.shape != shape:
                raise MaskError(f"{name} is {array.dtype} of shape {array.shape}, not float32 of {shape}")
            if not np.isfinite(array).all():
                layer = self.metadata.layers[int(np.argwhere(~np.isfinite(array))[0][0])]
                raise MaskError(f"{name} of layer {layer} holds a number that is not finite")

    def erase(self, vectors: npt.NDArray[Any], *, layer: str, strength: float = 1.0) -> Floats:
        """Finished embeddings [..., width] of one layer without the languages' directions."""
        _check_strength(strength)
        row = self._row_of(layer)
        if vectors.shape[-1] != self.metadata.width:
            raise MaskError(
                f"the vectors are {vectors.shape[-1]} wide, the subspace is for {self.metadata.width}; take "
                "those of its own model"
            )
        x = vectors.astype(np.float32)
        part: Floats = (x - self.mean[row]) @ self.left[row] @ self.right[row]
        erased: Floats = x - np.float32(strength) * part
        return erased

    def keep_layers(self, layers: Collection[str]) -> "LanguageSubspace":
        """The same directions at these layers alone."""
        rows = [self._row_of(layer) for layer in layers]
        metadata = self.metadata.model_copy(update={"layers": list(layers), "chosen": None})
        return LanguageSubspace(metadata, self.mean[rows], self.left[rows], self.right[rows])

    def check_fits(self, shape: Shape) -> None:
        """Refuse a model of another shape than the one the subspace was fitted on, naming what differs."""
        known = self.metadata
        if SITE not in shape.width_by_site:
            raise MaskError(f"the subspace acts on {SITE}; the model has {', '.join(shape.width_by_site)}")
        found = {
            "model_family": shape.family,
            "n_blocks": shape.n_blocks,
            "width": shape.width_by_site[SITE],
        }
        for name, value in found.items():
            made_for = getattr(known, name)
            if made_for is not None and made_for != value:
                raise MaskError(
                    f"the subspace was fitted on another shape of model: {name} is {made_for} in the file "
                    f"and {value} in the model; load {known.model_id or 'its model'} or use another file"
                )
        deepest = max((int(layer) for layer in known.layers if layer != FINAL), default=0)
        if deepest > shape.n_blocks:
            raise MaskError(f"the subspace has a layer {deepest}; the model has {shape.n_blocks} blocks")

    def edits(
        self,
        *,
        intervention: str | None = None,
        strength: float = 1.0,
        blocks: Collection[int] | None = None,
    ) -> list[SubspaceEdit]:
        """Its layers' directions taken out of the blocks' outputs, or of those in `blocks`."""
        _check_strength(strength)
        if intervention not in (None, "erase"):
            raise InterventionError(f"a language subspace can erase, not {intervention!r}")
        layers = [(row, layer) for row, layer in enumerate(self.metadata.layers) if layer not in ("0", FINAL)]
        if not layers:
            raise InterventionError(
                f"the subspace is of layer {', '.join(self.metadata.layers)}, which no block puts out; apply "
                "it to embeddings, or fit it on the layers that are numbered from 1"
            )
        return [
            SubspaceEdit(
                SITE, int(layer) - 1, self.mean[row], self.left[row], self.right[row], float(strength)
            )
            for row, layer in layers
            if blocks is None or int(layer) - 1 in blocks
        ]

    def _row_of(self, layer: str) -> int:
        if layer not in self.metadata.layers:
            raise MaskError(
                f"the subspace was not fitted on layer {layer}; it has {', '.join(self.metadata.layers)}"
            )
        return self.metadata.layers.index(layer)


def _check_strength(strength: float) -> None:
    if not 0 <= strength <= 1:
        raise InterventionError(f"strength is {strength}; give a number from 0 (no change) to 1")


def _read_arrays(file: TensorFile) -> dict[str, Floats]:
    if set(file.entries) != set(_TENSORS):
        raise MaskError(f"it holds {', '.join(sorted(file.entries))}; it must hold {', '.join(_TENSORS)}")
    # Copies: a subspace outlives its file.
    return {name: np.array(file.read(name)) for name in _TENSORS}
