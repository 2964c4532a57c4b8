"""Small corpora, and files written in the layouts of the real ones."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from polysteer.corpus.corpus_schema import SCHEMA
from polysteer.corpus.corpus_table import Corpus

MakeCorpus = Callable[..., Corpus]
WriteFiles = Callable[[Mapping[str, str | bytes]], Path]


@pytest.fixture
def make_corpus() -> MakeCorpus:
    """A corpus from (id, lang, split, text) rows."""

    def make(*rows: Sequence[str]) -> Corpus:
        names = ("id", "lang", "split", "text")
        return Corpus(
            pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], schema=SCHEMA)
        )

    return make


@pytest.fixture
def write_files(tmp_path: Path) -> WriteFiles:
    """Files by relative name under a fresh folder, which is returned."""

    def write(files: Mapping[str, str | bytes]) -> Path:
        root = tmp_path / "data"
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return root

    return write
