"""Whether a file of a trial is there already, made from just what it should be made from."""

from pathlib import Path

from polysteer.artifacts import tell_damage
from polysteer.errors import ArtifactError
from polysteer.tensorfile import open_artifact

REMEDY = "run `steer embed`, which makes it anew"


def is_current(path: Path, stamp: str) -> bool:
    """Whether the file is whole and carries this stamp; anything else will be made anew."""
    try:
        return open_artifact(path, remedy=REMEDY).metadata.get("fingerprint") == stamp
    except ArtifactError as error:
        tell_damage(error)
        return False
