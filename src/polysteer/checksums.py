"""A checksum inside the file that it is of: SHA-256 of all bytes, with zeros where its 64 digits stand."""

import hashlib
from functools import lru_cache
from pathlib import Path

from polysteer.errors import DamageError

KEY = "sha256"
UNSEALED = "0" * 64

_CHUNK_BYTES = 1 << 20


def seal(path: Path, start: int) -> None:
    """Put the checksum of a finished file where its zeros stand, from byte `start` on."""
    digits = _hash_around(path, start)
    with path.open("r+b") as file:
        file.seek(start)
        file.write(digits.encode())


def check_seal(path: Path, recorded: str, start: int, *, remedy: str) -> None:
    """Raise unless a file is what was written. It is read once in a process, and again if it changes."""
    refuse_other(path, recorded, _hash_once(path, start, _identify(path)), remedy=remedy)


def hash_file(path: Path) -> str:
    """Sixteen hex digits of a file's whole content, which is read once in a process."""
    return _hash_whole(path, _identify(path))


def refuse_other(path: Path, recorded: str, found: str, *, remedy: str) -> None:
    """Raise unless the checksum that was found is the one on record."""
    if found != recorded:
        problem = f"is damaged: its checksum is {found[:12]}, {recorded[:12]} is recorded"
        raise DamageError(path, problem, remedy)


def hash_content(content: bytes, start: int) -> str:
    """The checksum of a file's content, whose digits stand from byte `start` on."""
    stop = start + len(UNSEALED)
    return hashlib.sha256(content[:start] + UNSEALED.encode() + content[stop:]).hexdigest()


def _identify(path: Path) -> tuple[int, ...]:
    about = path.stat()
    return (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns)


@lru_cache(maxsize=1 << 16)
def _hash_whole(path: Path, _identity: tuple[int, ...]) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


@lru_cache(maxsize=1 << 16)
def _hash_once(path: Path, start: int, _identity: tuple[int, ...]) -> str:
    return _hash_around(path, start)


def _hash_around(path: Path, start: int) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256(file.read(start))
        file.seek(len(UNSEALED), 1)
        digest.update(UNSEALED.encode())
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
