"""`source: sib200`: FLORES sentences with one of seven topics, three CSV-quoted files per language."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from polysteer.corpus.draw import Take
from polysteer.corpus.extracts import Extract
from polysteer.corpus.files.textfiles import check_folder, read_text
from polysteer.corpus.languages import select_languages
from polysteer.corpus.text_source import FileSource
from polysteer.errors import CorpusError

HOLDS = "one folder per language, such as eng_Latn, with train.tsv in it"
PARTS = ("train", "dev", "test")
HEADER = ["index_id", "category", "text"]


class Sib200(FileSource):
    """SIB-200: FLORES sentences with a topic."""

    usual_take: ClassVar[Take] = {"find": ("train",), "dev": ("dev",), "test": ("test",)}

    source: Literal["sib200"]
    path: Path = Field(description="the folder that holds one folder per language")

    def extract(self, languages: Sequence[str]) -> Iterator[Extract]:
        """Every part of every chosen language; index_id aligns the languages."""
        check_folder(self.path, HOLDS)
        folders = {path.parent.name: path.parent for path in sorted(self.path.glob("*/train.tsv"))}
        for lang, folder in select_languages(languages, folders, self.path, HOLDS).items():
            for part in PARTS:
                yield _read_file(folder / f"{part}.tsv", lang, part)


def _read_file(path: Path, lang: str, part: str) -> Extract:
    reader = csv.reader(io.StringIO(read_text(path), newline=""), delimiter="\t", strict=True)
    rows, lines, line = list[list[str]](), list[int](), 1
    try:
        header = next(reader, [])
        if header != HEADER:
            raise CorpusError(f"{path}:1: the columns are {header}, they should be {HEADER}")
        line = reader.line_num + 1
        for row in reader:
            if len(row) != len(HEADER):
                raise CorpusError(f"{path}:{line}: {len(row)} fields, there should be {len(HEADER)}: {row}")
            rows.append(row)
            lines.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        raise CorpusError(f"{path}:{line}: not a CSV-quoted row: {error}; get the file anew") from error
    return Extract(
        lang=lang,
        file=path,
        ids=[row[0] for row in rows],
        topics=[row[1] for row in rows],
        texts=[row[2] for row in rows],
        lines=lines,
        part=part,
    )
