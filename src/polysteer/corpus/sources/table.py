"""`source: table`: CSV, TSV, JSONL or Parquet, with the columns named in the settings."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from polysteer.corpus.draw import Draw
from polysteer.corpus.files.patterns import FoundFile, find_files
from polysteer.corpus.text_source import FileSource, Language, Names

if TYPE_CHECKING:
    from polysteer.corpus.corpus_table import Corpus


class Columned(FileSource):
    """Which columns of a table hold what: one row per sentence, or one column per language (`texts`)."""

    files: Annotated[Names, Field(min_length=1)] = Field(
        description="one or several; {lang} and {split} stand for what a file's name says, * for anything",
    )
    id: str | None = Field(None, description="column that is equal for translations; absent: the row number")
    text: str | None = Field(None, description="column with the sentence")
    lang: str | None = Field(None, description="column with the language; absent where a path has {lang}")
    split: str | None = Field(None, description="column with the source's own split")
    topic: str | None = Field(None, description="column with the topic")
    texts: dict[Language, str] = Field(default_factory=dict, description="language: its column")

    @property
    def named_languages(self) -> tuple[str, ...]:
        """Those with a column."""
        return tuple(self.texts)

    @model_validator(mode="after")
    def _one_shape(self) -> "Columned":
        if bool(self.texts) == (self.text is not None):
            raise ValueError(
                "name either the column of the sentence (text) or one column per language (texts)"
            )
        if self.texts and self.lang:
            raise ValueError("lang has no place beside texts, which names the languages already")
        if self.text and not self.id:
            raise ValueError("name the column that is equal for translations (id)")
        named_by_file = ["{lang}" in pattern for pattern in self.files]
        if self.text and (any(named_by_file) if self.lang else not all(named_by_file)):
            raise ValueError(
                "name the column of the language (lang) or write {lang} in every file, one of both"
            )
        return self

    def find_files(self, languages: Sequence[str]) -> list[FoundFile]:
        """The tables, with what their names say; any other language than these may be absent."""
        raise NotImplementedError

    def read(self, draw: Draw) -> "Corpus":
        """No more of large tables than is drawn."""
        from polysteer.corpus.tabular import read_tables

        return read_tables(self.find_files(draw.languages), self._name_columns(), draw)

    def _name_columns(self) -> dict[str, str]:
        named = self.model_dump(include={"id", "text", "lang", "split", "topic"}, exclude_none=True)
        return named | {f"text:{code}": column for code, column in self.texts.items()}


class Table(Columned):
    """CSV, TSV, JSONL or Parquet with columns named here."""

    source: Literal["table"]

    def find_files(self, _: Sequence[str]) -> list[FoundFile]:
        """Those of the settings."""
        return find_files(self.files, Path())
