"""A file with one text per line, read a chunk at a time however long it is."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from polysteer.errors import CorpusError


def count_texts(path: Path) -> int:
    """How many lines a file has, after checking each of them; no more than one is held at a time."""
    n_texts = sum(1 for _ in _read_lines(path))
    if not n_texts:
        raise CorpusError(f"{path} is empty; it needs one text per line")
    return n_texts


def read_chunks(path: Path, chunk_texts: int) -> Iterator[list[str]]:
    """The lines in order, `chunk_texts` at a time."""
    lines = _read_lines(path)
    while chunk := list(islice(lines, chunk_texts)):
        yield chunk


def _read_lines(path: Path) -> Iterator[str]:
    number = 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
                if not text:
                    raise CorpusError(
                        f"{path}:{number}: the line has no text; a vector per line needs a text in each"
                    )
                yield text
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path}:{number}: not UTF-8 ({error.reason}); convert the file first") from error
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror or error}") from error
