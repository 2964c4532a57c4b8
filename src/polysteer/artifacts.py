"""How an artifact is written and recognised: fingerprints, and files that are whole or absent."""

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import BaseModel

from polysteer.errors import ArtifactError


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
    """A temporary neighbour of `path` to write to; renamed over it only if the block ends well."""
    # Process ids repeat between machines that share a folder.
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise ArtifactError(
            f"cannot write {path}: {error.strerror or error}; make the folder writable or free some space, "
            "then run the same command again: finished work is kept"
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


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
