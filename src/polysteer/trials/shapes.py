"""The file of a model's shape: what later readings have to know of it without loading it again."""

import json
from pathlib import Path

from polysteer.artifacts import atomic_path
from polysteer.errors import ArtifactError
from polysteer.models.shape import ModelShape


def save_shape(path: Path, shape: ModelShape, *, stamp: str) -> None:
    """Write it, stamped with which model it is of."""
    content = {
        "fingerprint": stamp,
        "family": shape.family,
        "n_blocks": shape.n_blocks,
        "width": shape.width,
        "width_by_site": dict(shape.width_by_site),
    }
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n")


def load_shape(path: Path, *, stamp: str) -> ModelShape:
    """Read it, and refuse another model's."""
    try:
        content = json.loads(path.read_text())
        made_of = content.pop("fingerprint")
        shape = ModelShape(**content)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{path} describes no model ({error}); run `steer embed`") from error
    if made_of != stamp:
        raise ArtifactError(f"{path} describes another model; run `steer embed`")
    return shape
