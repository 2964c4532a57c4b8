"""Whether a file of a trial is there already, made from just what it should be made from."""

from pathlib import Path

from polysteer.errors import ArtifactError
from polysteer.tensorfile import open_tensors


def is_current(path: Path, stamp: str) -> bool:
    """Whether the file is whole and carries this stamp; anything else will be made anew."""
    if not path.exists():
        return False
    try:
        return open_tensors(path).metadata.get("fingerprint") == stamp
    except ArtifactError:
        return False
