"""Writing files that may be there already: the same content is fine, other content is replaced when asked."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from polysteer.artifacts import atomic_path
from polysteer.errors import SharingError


@contextmanager
def write_beside(paths: Sequence[Path], *, replace: bool) -> Iterator[list[Path]]:
    """Temporary files of the same names to write to; they become `paths` together, or none of them does."""
    if len(set(paths)) < len(paths):
        raise SharingError(f"one file would be written twice: {', '.join(map(str, paths))}")
    with TemporaryDirectory() as folder:
        temporaries = [Path(folder) / path.name for path in paths]
        yield temporaries
        contents = [temporary.read_bytes() for temporary in temporaries]
        if not replace:
            for path, content in zip(paths, contents, strict=True):
                refuse_other(path, content)
        for path, content in zip(paths, contents, strict=True):
            write_whole(path, content)


def refuse_other(path: Path, content: bytes) -> None:
    """Refuse to replace a file of other content."""
    if os.path.lexists(path) and not (path.is_file() and path.read_bytes() == content):
        raise SharingError(f"{path} is there with other content; use --force to replace it, or --out")


def write_whole(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
