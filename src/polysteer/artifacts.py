"""How an artifact is written and recognised: fingerprints, and files that are whole or absent."""

import errno
import hashlib
import json
import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from pydantic import BaseModel

from polysteer.errors import ArtifactError, DamageError

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}


def fingerprint(*parts: object) -> str:
    """Sixteen hex digits that change when and only when the canonical JSON of the parts does."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_jsonable)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _jsonable(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"cannot fingerprint a {type(value).__name__}")


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary neighbour of `path` to write to; renamed over it only if the block ends well.

    What the block raises about other things than writing goes through as it is.
    """
    # Process ids repeat between machines that share a folder.
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        with _explain(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            _check_kind(path)
        try:
            yield temporary
        except OSError as error:
            if _is_about(error, temporary):
                raise _refuse(path, error) from error
            raise
        with _explain(path):
            _replace(temporary, path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _check_kind(path: Path) -> None:
    """Renaming over /dev/null would replace it, for whoever may."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise ArtifactError(f"cannot write {path}: it is a device; name a file")


def _replace(temporary: Path, path: Path) -> None:
    """Only what has reached the disk takes the name; an empty folder of that name makes way."""
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    if path.is_dir():
        path.rmdir()
    os.replace(temporary, path)


def _is_about(error: OSError, temporary: Path) -> bool:
    """Whether an error comes from writing: one of an open file has no name, and then its number tells."""
    if error.filename is None:
        return error.errno in _NO_ROOM
    return str(error.filename) in (str(temporary), str(temporary.parent))


@contextmanager
def _explain(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _refuse(path, error) from error


def _refuse(path: Path, error: OSError) -> ArtifactError:
    problem = f"cannot write {path}: {error.strerror or error}"
    if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
        return ArtifactError(
            f"{problem}; a file or folder stands in its way at {error.filename}: move it away"
        )
    return ArtifactError(
        f"{problem}; make the folder writable or free some space, then run the same command again: finished "
        "work is kept"
    )


def tell_damage(error: ArtifactError) -> None:
    """A notice that a damaged file is made anew; nothing where it is only absent or of other things."""
    if isinstance(error, DamageError):
        _tell_once(error.path, error.problem)


@cache
def _tell_once(path: Path, problem: str) -> None:
    """Several steps may look at a file before it is made anew."""
    logging.getLogger(__name__).warning("%s %s; it is made anew", path, problem)


def write_stamp(folder: Path, stamp: str) -> None:
    """Mark a folder as finished, made from what `stamp` names."""
    with atomic_path(folder / "stamp.json") as temporary:
        temporary.write_text(json.dumps({"fingerprint": stamp}) + "\n")


def read_stamp(folder: Path) -> str | None:
    """The fingerprint of a finished folder, or None where it is unfinished or absent."""
    try:
        stamp = json.loads((folder / "stamp.json").read_text())["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return stamp if isinstance(stamp, str) else None
