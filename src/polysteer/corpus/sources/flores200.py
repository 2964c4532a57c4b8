"""`source: flores200`: FLORES-200 as distributed, and FLORES+ with a table per language."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from polysteer.corpus.draw import Sizes, Take
from polysteer.corpus.extracts import Extract
from polysteer.corpus.files.aligned_lines import read_aligned_files
from polysteer.corpus.files.textfiles import check_folder
from polysteer.corpus.languages import select_languages
from polysteer.corpus.text_source import FileSource
from polysteer.errors import CorpusError

HOLDS = "the folders dev and devtest, with files such as dev/eng_Latn.dev"
PARTS = ("dev", "devtest")
TABLE_SUFFIXES = (".jsonl", ".parquet")


class Flores200(FileSource):
    """FLORES-200 as distributed, or FLORES+ with one table per language."""

    usual_sizes: ClassVar[Sizes] = {"dev": 400}
    usual_take: ClassVar[Take] = {"find": ("dev",), "dev": ("devtest",), "test": ("devtest",)}

    source: Literal["flores200"]
    path: Path = Field(description="the folder that holds dev/ and devtest/")

    def extract(self, languages: Sequence[str]) -> Iterator[Extract]:
        """Both halves of FLORES, each language's file of each half."""
        check_folder(self.path, HOLDS)
        available = _find_files(self.path)
        chosen = select_languages(languages, available, self.path, HOLDS)
        for part in sorted({part for files in available.values() for part in files}):
            files = {lang: _file_of_part(by_part, part) for lang, by_part in chosen.items()}
            plain = {lang: path for lang, path in files.items() if path.suffix == f".{part}"}
            if plain:
                yield from read_aligned_files(plain, part=part, prefix=f"{part}-")
            for lang, path in files.items():
                if path.suffix in TABLE_SUFFIXES:
                    yield _read_table(path, lang, part)


def _find_files(folder: Path) -> dict[str, dict[str, Path]]:
    """Language code in the file names -> part -> file."""
    found: dict[str, dict[str, Path]] = defaultdict(dict)
    for part in PARTS:
        for path in sorted((folder / part).glob("*.*")):
            if path.suffix in (f".{part}", *TABLE_SUFFIXES):
                found[path.stem][part] = path
    return dict(found)


def _file_of_part(by_part: dict[str, Path], part: str) -> Path:
    if part not in by_part:
        there = next(iter(by_part.values()))
        raise CorpusError(f"{there} has no counterpart in {there.parent.parent / part}; get the missing file")
    return by_part[part]


def _read_table(path: Path, lang: str, part: str) -> Extract:
    """FLORES+ numbers the sentences of each half from 0; the plain files' lines count from 1."""
    from polysteer.corpus.files.columns import check_columns, read_columns

    columns = {"id": "id", "text": "text"}
    check_columns(path, columns)
    rows = read_columns(path, columns)
    for id_, row in zip(rows["id"].to_pylist(), rows["row"].to_pylist(), strict=True):
        if not id_.isdecimal():
            raise CorpusError(f"{path}:{row}: the id {id_!r} is no number; FLORES+ numbers its sentences")
    return Extract(
        lang=lang,
        file=path,
        ids=[f"{part}-{int(id_) + 1:07d}" for id_ in rows["id"].to_pylist()],
        texts=[text or "" for text in rows["text"].to_pylist()],
        lines=rows["row"].to_pylist(),
        part=part,
    )
