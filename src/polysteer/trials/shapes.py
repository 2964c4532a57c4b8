"""The file of a model's shape: what later readings have to know of it without loading it again."""

from pathlib import Path

from polysteer.errors import ArtifactError
from polysteer.jsonfile import read_json, write_json
from polysteer.models.shape import ModelShape
from polysteer.trials.stamps import REMEDY


def save_shape(path: Path, shape: ModelShape, *, stamp: str) -> None:
    """Write it, stamped with which model it is of."""
    content = {
        "fingerprint": stamp,
        "family": shape.family,
        "n_blocks": shape.n_blocks,
        "width": shape.width,
        "width_by_site": dict(shape.width_by_site),
    }
    write_json(path, content)


def load_shape(path: Path, *, stamp: str) -> ModelShape:
    """Read it, and refuse another model's."""
    content = read_json(path, remedy=REMEDY)
    if content.pop("fingerprint", None) != stamp:
        raise ArtifactError(f"{path} describes another model; {REMEDY}")
    try:
        return ModelShape(**content)
    except TypeError as error:
        raise ArtifactError(f"{path} describes no model ({error}); {REMEDY}") from error
