"""The `corpus:` section of experiments.yaml: one frozen model per source, told apart by `source:`."""

import itertools
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from polysteer.corpus.languages import canonical_language, given_forms
from polysteer.errors import LanguageError

SplitName = Literal["find", "dev", "test"]
SPLIT_NAMES: tuple[SplitName, ...] = ("find", "dev", "test")


def _check_languages(codes: tuple[str, ...]) -> tuple[str, ...]:
    try:
        given_forms(codes)
    except LanguageError as error:
        raise ValueError(str(error)) from error
    return codes


def _check_language(code: str) -> str:
    try:
        canonical_language(code)
    except LanguageError as error:
        raise ValueError(str(error)) from error
    return code


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Language = Annotated[str, AfterValidator(_check_language)]
Languages = Annotated[
    tuple[str, ...],
    AfterValidator(_check_languages),
    Field(description="codes in ISO 639, BCP-47 or FLORES form; empty for all that the source has"),
]
Size = Annotated[int, Field(ge=1)]
Parts = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]
Files = Annotated[tuple[str, ...], BeforeValidator(_as_tuple), Field(min_length=1)]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    languages: Languages = ()
    seed: int = Field(0, ge=0, description="draws the sentences of each split")


class BuiltinSettings(_Settings):
    """Sentences from polysteer's own grammar; no file needed."""

    source: Literal["builtin"]
    find: Size = 1000
    dev: Size = 500
    test: Size = 500


class FileSettings(_Settings):
    """What every source of real text shares: how its meanings are dealt into find, dev and test."""

    find: Size | None = Field(None, description="meanings that experts come from; absent: all that are left")
    dev: Size | None = Field(None, description="meanings to choose on; absent: all that are left")
    test: Size | None = Field(None, description="meanings to report on; absent: all that are left")
    take: dict[SplitName, Parts] = Field(
        default_factory=dict,
        description="which of the source's own splits each of ours is drawn from; absent: from all of them",
    )
    partial: bool = Field(False, description="also use meanings that some of the languages lack")

    @model_validator(mode="after")
    def _leftovers_go_one_way(self) -> "FileSettings":
        greedy = [split for split in SPLIT_NAMES if self.size(split) is None]
        for first, second in itertools.combinations(greedy, 2):
            parts_a, parts_b = self.take.get(first), self.take.get(second)
            if parts_a is None or parts_b is None or set(parts_a) & set(parts_b):
                raise ValueError(
                    f"{first} and {second} both take all that is left of the same sentences; "
                    f"write how many meanings one of them gets, as in '{second}: 500'"
                )
        return self

    def size(self, split: SplitName) -> int | None:
        """How many meanings a split gets; None for all that are left."""
        return {"find": self.find, "dev": self.dev, "test": self.test}[split]


class Flores200Settings(FileSettings):
    """FLORES-200 as distributed, or FLORES+ with one table per language."""

    source: Literal["flores200"]
    path: Path = Field(description="the folder that holds dev/ and devtest/")
    dev: Size | None = 400
    take: dict[SplitName, Parts] = {"find": ("dev",), "dev": ("devtest",), "test": ("devtest",)}


class Sib200Settings(FileSettings):
    """SIB-200: FLORES sentences with a topic."""

    source: Literal["sib200"]
    path: Path = Field(description="the folder that holds one folder per language")
    take: dict[SplitName, Parts] = {"find": ("train",), "dev": ("dev",), "test": ("test",)}


class TatoebaSettings(FileSettings):
    """LASER's Tatoeba test pairs, each language with English; sizes count per pair."""

    source: Literal["tatoeba"]
    path: Path = Field(description="the folder that holds tatoeba.xxx-eng.xxx and .eng")


class ConlluSettings(FileSettings):
    """Universal Dependencies treebanks, files named as UD names them."""

    source: Literal["conllu"]
    path: Path = Field(description="the folder that holds xx_name-ud-part.conllu, in subfolders or not")
    treebanks: tuple[str, ...] = Field((), description="names such as pud; empty for all in the folder")
    parallel: Parts = Field(
        (), description="treebanks in which equal sent_id means translation; others go by parallel_id"
    )


class LinesSettings(FileSettings):
    """One file per language, one sentence a line, line n of each file the same meaning."""

    source: Literal["lines"]
    files: dict[Language, Path | dict[str, Path]] = Field(
        min_length=1, description="language: file, or language: {split: file}"
    )


class ColumnSettings(FileSettings):
    """Which columns of a table hold what: one row per sentence, or one column per language (`texts`)."""

    files: Files = Field(
        description="one or several; {lang} and {split} stand for what a file's name says, * for anything"
    )
    id: str | None = Field(None, description="column that is equal for translations; absent: the row number")
    text: str | None = Field(None, description="column with the sentence")
    lang: str | None = Field(None, description="column with the language; absent where a path has {lang}")
    split: str | None = Field(None, description="column with the source's own split")
    topic: str | None = Field(None, description="column with the topic")
    texts: dict[Language, str] = Field(default_factory=dict, description="language: its column")

    @model_validator(mode="after")
    def _one_shape(self) -> "ColumnSettings":
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


class TableSettings(ColumnSettings):
    """CSV, TSV, JSONL or Parquet with columns named here."""

    source: Literal["table"]


class BitextSettings(FileSettings):
    """A TMX file, or a text file with one column per language, split by tabs."""

    source: Literal["bitext"]
    path: Path
    columns: tuple[Language | Literal["-"], ...] = Field(
        (), description="languages of the columns, where it is no TMX; - for one that is left out"
    )


class HubSettings(ColumnSettings):
    """Tables of a data set on the Hugging Face hub, pinned to a revision."""

    source: Literal["hub"]
    dataset: str = Field(description="owner/name")
    revision: str = Field(description="commit, tag or branch; a commit makes the run repeatable")


CorpusSettings = Annotated[
    BuiltinSettings
    | Flores200Settings
    | Sib200Settings
    | TatoebaSettings
    | ConlluSettings
    | LinesSettings
    | TableSettings
    | BitextSettings
    | HubSettings,
    Field(discriminator="source"),
]
