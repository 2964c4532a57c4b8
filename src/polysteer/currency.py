"""Whether a file is there already, whole and made from just what it should be made from."""

from pathlib import Path

from polysteer.artifacts import tell_damage
from polysteer.errors import ArtifactError
from polysteer.jsonfile import read_json
from polysteer.tensorfile import open_artifact

STAMP = "fingerprint"


def is_current(path: Path, stamp: str) -> bool:
    """Whether the file carries this stamp; anything else will be made anew, a damaged one with a notice."""
    try:
        return _read_stamp(path) == stamp
    except ArtifactError as error:
        tell_damage(error)
        return False


def _read_stamp(path: Path) -> object:
    if path.suffix == ".json":
        return read_json(path, remedy="it is made anew").get(STAMP)
    return open_artifact(path, remedy="it is made anew").metadata.get(STAMP)
