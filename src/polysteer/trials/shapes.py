"""The file of a model's shape: what later readings have to know of it without loading it again."""

from pathlib import Path

from polysteer.errors import ArtifactError
from polysteer.jsonfile import read_json, write_json
from polysteer.models.shape import ModelShape
from polysteer.trials.remedy import REMEDY


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


def load_shape(path: Path) -> ModelShape:
    """Read it."""
    content = read_json(path, remedy=REMEDY)
    try:
        del content["fingerprint"]
        return ModelShape(**content)
    except (KeyError, TypeError) as error:
        raise ArtifactError(f"{path} describes no model ({error}); {REMEDY}") from error
