"""Where the text of each source stands: the keys of experiments.yaml that are a source's own."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from polysteer.builtin.grammar.language_file import language_codes
from polysteer.corpus.draw import Parts, SplitName
from polysteer.corpus.languages import canonical_language
from polysteer.errors import LanguageError


def _check_language(code: str) -> str:
    try:
        canonical_language(code)
    except LanguageError as error:
        raise ValueError(str(error)) from error
    return code


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Language = Annotated[str, AfterValidator(_check_language)]
Names = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]
Files = Annotated[tuple[str, ...], BeforeValidator(_as_tuple), Field(min_length=1)]


class Origin(BaseModel):
    """Base of all; `usual_take` says which of the source's own splits fit ours, if nothing else is said."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    usual_take: ClassVar[dict[SplitName, Parts]] = {}

    @property
    def named_languages(self) -> tuple[str, ...]:
        """Those that the settings alone show the source to have; none where only the text tells."""
        return ()


class Builtin(Origin):
    """Sentences from polysteer's own grammar; no file needed."""

    source: Literal["builtin"]

    @property
    def named_languages(self) -> tuple[str, ...]:
        """Those of the grammar."""
        return language_codes()


class Flores200(Origin):
    """FLORES-200 as distributed, or FLORES+ with one table per language."""

    usual_take = {"find": ("dev",), "dev": ("devtest",), "test": ("devtest",)}

    source: Literal["flores200"]
    path: Path = Field(description="the folder that holds dev/ and devtest/")


class Sib200(Origin):
    """SIB-200: FLORES sentences with a topic."""

    usual_take = {"find": ("train",), "dev": ("dev",), "test": ("test",)}

    source: Literal["sib200"]
    path: Path = Field(description="the folder that holds one folder per language")


class Tatoeba(Origin):
    """LASER's Tatoeba test pairs, each language with English; sizes count per pair."""

    source: Literal["tatoeba"]
    path: Path = Field(description="the folder that holds tatoeba.xxx-eng.xxx and .eng")


class Conllu(Origin):
    """Universal Dependencies treebanks, files named as UD names them."""

    source: Literal["conllu"]
    path: Path = Field(description="the folder that holds xx_name-ud-part.conllu, in subfolders or not")
    treebanks: tuple[str, ...] = Field((), description="names such as pud; empty for all in the folder")
    parallel: Names = Field(
        (), description="treebanks in which equal sent_id means translation; others go by parallel_id"
    )


class Lines(Origin):
    """One file per language, one sentence a line, line n of each file the same meaning."""

    source: Literal["lines"]
    files: dict[Language, Path | dict[str, Path]] = Field(
        min_length=1, description="language: file, or language: {split: file}"
    )

    @property
    def named_languages(self) -> tuple[str, ...]:
        """Those with a file."""
        return tuple(self.files)


class Columned(Origin):
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


class Table(Columned):
    """CSV, TSV, JSONL or Parquet with columns named here."""

    source: Literal["table"]


class Bitext(Origin):
    """A TMX file, or a text file with one column per language, split by tabs."""

    source: Literal["bitext"]
    path: Path
    columns: tuple[Language | Literal["-"], ...] = Field(
        (), description="languages of the columns, where it is no TMX; - for one that is left out"
    )

    @property
    def named_languages(self) -> tuple[str, ...]:
        """Those with a column."""
        return tuple(column for column in self.columns if column != "-")


class Hub(Columned):
    """Tables of a data set on the Hugging Face hub, pinned to a revision."""

    source: Literal["hub"]
    dataset: str = Field(description="owner/name")
    revision: str = Field(description="commit, tag or branch; a commit makes the run repeatable")
