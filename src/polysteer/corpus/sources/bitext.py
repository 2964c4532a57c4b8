"""`source: bitext`: a TMX translation memory, or a text file with one column per language."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import Field

from polysteer.corpus.extracts import Extract
from polysteer.corpus.files.textfiles import read_lines
from polysteer.corpus.files.tmx import read_units
from polysteer.corpus.languages import select_languages
from polysteer.corpus.text_source import FileSource, Language
from polysteer.errors import CorpusError

IGNORED = "-"


class _Segment(NamedTuple):
    id: str
    line: int
    text: str


class Bitext(FileSource):
    """A TMX file, or a text file with one column per language, split by tabs."""

    source: Literal["bitext"]
    path: Path
    columns: tuple[Language | Literal["-"], ...] = Field(
        (), description="languages of the columns, where it is no TMX; - for one that is left out"
    )

    @property
    def named_languages(self) -> tuple[str, ...]:
        """Those with a column."""
        return tuple(column for column in self.columns if column != IGNORED)

    def extract(self, languages: Sequence[str]) -> Iterator[Extract]:
        """The translations of one file; their ids are their numbers in it."""
        is_tmx = self.path.suffix.lower() == ".tmx"
        by_code = self._read_tmx() if is_tmx else self._read_columns()
        for lang, segments in select_languages(languages, by_code, self.path).items():
            yield Extract(
                lang=lang,
                file=self.path,
                ids=[segment.id for segment in segments],
                texts=[segment.text for segment in segments],
                lines=[segment.line for segment in segments],
            )

    def _read_tmx(self) -> dict[str, list[_Segment]]:
        by_code: dict[str, list[_Segment]] = defaultdict(list)
        for number, unit in enumerate(read_units(self.path), start=1):
            for variant in unit:
                by_code[variant.lang].append(_Segment(f"{number:07d}", variant.line, variant.text))
        return by_code

    def _read_columns(self) -> dict[str, list[_Segment]]:
        if not self.columns:
            raise CorpusError(
                f"{self.path} is no TMX file: name the languages of its columns, as in columns: [en, ja]"
            )
        by_code: dict[str, list[_Segment]] = defaultdict(list)
        for number, line in enumerate(read_lines(self.path), start=1):
            fields = line.split("\t")
            if len(fields) != len(self.columns):
                raise CorpusError(
                    f"{self.path}:{number}: {len(fields)} columns, but the settings name "
                    f"{len(self.columns)}; write '{IGNORED}' in 'columns' for one to be left out"
                )
            for code, text in zip(self.columns, fields, strict=True):
                if code != IGNORED:
                    by_code[code].append(_Segment(f"{number:07d}", number, text))
        return by_code
