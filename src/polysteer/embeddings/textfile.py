"""A file with one text per line, read a chunk at a time however long it is."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from polysteer.errors import CorpusError


@dataclass(frozen=True)
class TextFile:
    """Where the texts are, what messages call it, and whether a line may be without text."""

    path: Path
    name: str
    allow_blank: bool = False

    def count(self) -> int:
        """How many lines it has, after checking each of them; no more than one is held at a time."""
        n_texts = sum(1 for _ in self._read_lines())
        if not n_texts:
            raise CorpusError(f"{self.name} is empty; it needs one text per line")
        return n_texts

    def read_chunks(self, chunk_texts: int) -> Iterator[list[str]]:
        """The lines in order, `chunk_texts` at a time."""
        lines = self._read_lines()
        while chunk := list(islice(lines, chunk_texts)):
            yield chunk

    def _read_lines(self) -> Iterator[str]:
        number = 0
        try:
            with self.path.open("rb") as file:
                for number, line in enumerate(file, start=1):
                    text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
                    if not text and not self.allow_blank:
                        raise CorpusError(
                            f"{self.name}:{number}: the line has no text, so it has no vector; take it out, "
                            "or use --allow-blank, which keeps rows in step with lines"
                        )
                    yield text
        except UnicodeDecodeError as error:
            raise CorpusError(
                f"{self.name}:{number}: not UTF-8 ({error.reason}); convert the file first"
            ) from error
        except OSError as error:
            raise CorpusError(f"{self.name} cannot be read: {error.strerror or error}") from error


@contextmanager
def open_texts(source: Path, *, allow_blank: bool = False) -> Iterator[TextFile]:
    """A file of texts; `-` is standard input, kept in a file meanwhile, as texts are read several times."""
    if str(source) != "-":
        yield TextFile(source, str(source), allow_blank)
        return
    with tempfile.NamedTemporaryFile() as kept:
        shutil.copyfileobj(sys.stdin.buffer, kept)
        kept.flush()
        yield TextFile(Path(kept.name), "standard input", allow_blank)
