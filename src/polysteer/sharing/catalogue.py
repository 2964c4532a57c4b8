"""Which masks the experiments of a file have made: their headers, not their content."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from polysteer.config import Experiments
from polysteer.corpus.languages import canonical_language
from polysteer.errors import PolysteerError
from polysteer.layout import ERASE, Layout
from polysteer.masks.metadata import MaskMetadata
from polysteer.masks.subspace_metadata import SubspaceMetadata
from polysteer.tensorfile import open_tensors


class CatalogueEntry(NamedTuple):
    """One file; `label` is its point of the sweep, or `chosen` for the one picked on dev.

    A language subspace has directions instead of neurons, and no language. Of a file that cannot be read
    `problem` says why, and the rest is None.
    """

    experiment: str
    language: str | None
    label: str
    path: Path
    n_neurons: int | None
    n_directions: int | None
    metadata: MaskMetadata | SubspaceMetadata | None
    problem: str | None


def list_masks(experiments: Experiments, layout: Layout) -> list[CatalogueEntry]:
    """The masks and subspaces that are there, in the order of the file."""
    return [
        _read_entry(experiment, language, label, path)
        for experiment, language, label, path in _find_places(experiments, layout)
        if path.exists()
    ]


def _find_places(experiments: Experiments, layout: Layout) -> Iterator[tuple[str, str | None, str, Path]]:
    for name, settings in experiments.experiments.items():
        places = layout.experiment(name)
        labels = dict.fromkeys(candidate.mask_label for candidate in settings.candidates())
        for target in settings.targets:
            language = canonical_language(target)
            for label in labels:
                yield name, target, label, places.mask(language, label)
            yield name, target, "chosen", places.chosen_mask(language)
        yield name, None, "chosen", places.chosen_mask(ERASE)


def _read_entry(experiment: str, language: str | None, label: str, path: Path) -> CatalogueEntry:
    n_neurons = n_directions = None
    metadata: MaskMetadata | SubspaceMetadata
    try:
        file = open_tensors(path)
        if language is None:
            metadata = SubspaceMetadata.from_strings(file.metadata)
            n_directions = file.entries["left"].shape[-1] if "left" in file.entries else 0
        else:
            metadata = MaskMetadata.from_strings(file.metadata)
            n_neurons = file.entries["unit"].shape[0] if "unit" in file.entries else 0
    except PolysteerError as error:
        return CatalogueEntry(experiment, language, label, path, None, None, None, str(error))
    return CatalogueEntry(experiment, language, label, path, n_neurons, n_directions, metadata, None)
