"""Both kinds of file that steer a model, expert masks and language subspaces, told apart by what they say."""

from pathlib import Path

from polysteer.errors import ArtifactError, MaskError
from polysteer.masks.mask import ExpertMask
from polysteer.masks.subspace import LanguageSubspace
from polysteer.masks.subspace_metadata import SubspaceMetadata
from polysteer.tensorfile import open_tensors

AnyMask = ExpertMask | LanguageSubspace


def load_mask(path: Path | str) -> AnyMask:
    """Read a file of either kind, checking everything before any of it is used."""
    try:
        is_subspace = open_tensors(Path(path)).metadata.get("format") == SubspaceMetadata.FORMAT
    except ArtifactError as error:
        raise MaskError(str(error)) from error
    return LanguageSubspace.load(path) if is_subspace else ExpertMask.load(path)


def name_target(mask: AnyMask) -> str | None:
    """The language that it steers towards; erasing leads to none."""
    return mask.metadata.language if isinstance(mask, ExpertMask) else None


def describe_content(mask: AnyMask) -> str:
    """In a few words what a file holds."""
    if isinstance(mask, ExpertMask):
        return f"{len(mask)} neurons for {mask.metadata.language}"
    known = mask.metadata
    layers = f"{len(known.layers)} layers" if len(known.layers) > 1 else f"layer {known.layers[0]}"
    return f"{mask.rank} directions at {layers}, of {', '.join(known.languages)}"
