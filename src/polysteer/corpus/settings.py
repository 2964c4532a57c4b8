"""The `corpus:` section of experiments.yaml: one frozen model per source, told apart by `source:`."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from polysteer.corpus import origins
from polysteer.corpus.draw import Draw, SplitName, find_rivals
from polysteer.corpus.languages import given_forms, resolve_language
from polysteer.corpus.origins import Names
from polysteer.corpus.parts import Part, gather_parts
from polysteer.errors import LanguageError
from polysteer.fields import Flag, MisplacedError, Size, Whole


def _check_languages(codes: tuple[str, ...]) -> tuple[str, ...]:
    try:
        given_forms(codes)
    except LanguageError as error:
        raise ValueError(str(error)) from error
    return codes


Codes = Annotated[tuple[str, ...], AfterValidator(_check_languages)]
Languages = Annotated[
    Codes, Field(description="codes in ISO 639, BCP-47 or FLORES form; empty for all that the source has")
]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    languages: Languages = ()
    seed: Whole = Field(0, ge=0, description="draws the sentences of each split")

    @property
    def named_languages(self) -> tuple[str, ...]:
        """What an origin shows to have; it stands before this class."""
        return ()

    @property
    def known_languages(self) -> tuple[str, ...]:
        """Those that the text will have, as far as the settings tell; none where only the text does."""
        return self.languages or self.named_languages

    @model_validator(mode="after")
    def _languages_are_there(self) -> Self:
        _refuse_absent(self.languages, self.named_languages)
        return self


def _refuse_absent(languages: Sequence[str], named: Sequence[str]) -> None:
    for code in languages if named else ():
        try:
            resolve_language(code, named)
        except LanguageError as error:
            raise MisplacedError(("languages",), str(error)) from error


class BuiltinSettings(origins.Builtin, _Settings):
    """Sentences from polysteer's own grammar; no file needed."""

    find: Size = 1000
    dev: Size = 500
    test: Size = 500

    @property
    def draw(self) -> Draw:
        """All three splits."""
        return Draw({"find": self.find, "dev": self.dev, "test": self.test}, self.languages, seed=self.seed)


class FileSettings(_Settings):
    """What every source of real text shares: how its meanings are dealt into find, dev and test."""

    find: Size | None = Field(None, description="meanings that experts come from; absent: all that are left")
    dev: Size | None = Field(None, description="meanings to choose on; absent: all that are left")
    test: Size | None = Field(None, description="meanings to report on; absent: all that are left")
    take: dict[SplitName, Names] = Field(
        default_factory=dict,
        description="which of the source's own splits each of ours is drawn from; absent: from all of them",
    )
    partial: Flag = Field(False, description="also use meanings that some of the languages lack")

    @model_validator(mode="after")
    def _leftovers_go_one_way(self) -> "FileSettings":
        rivals = find_rivals(self.draw.sizes, self.take)
        if rivals:
            raise ValueError(
                f"{rivals[0]} and {rivals[1]} both take all that is left of the same sentences; "
                f"write how many meanings one of them gets, as in '{rivals[1]}: 500'"
            )
        return self

    @property
    def draw(self) -> Draw:
        """All three splits."""
        sizes: dict[SplitName, int | None] = {"find": self.find, "dev": self.dev, "test": self.test}
        return Draw(sizes, self.languages, self.take, self.seed, self.partial)


class Flores200Settings(origins.Flores200, FileSettings):
    """FLORES-200 as distributed, or FLORES+ with one table per language."""

    dev: Size | None = 400
    take: dict[SplitName, Names] = origins.Flores200.usual_take


class Sib200Settings(origins.Sib200, FileSettings):
    """SIB-200: FLORES sentences with a topic."""

    take: dict[SplitName, Names] = origins.Sib200.usual_take


class TatoebaSettings(origins.Tatoeba, FileSettings):
    """LASER's Tatoeba test pairs, each language with English; sizes count per pair."""


class ConlluSettings(origins.Conllu, FileSettings):
    """Universal Dependencies treebanks, files named as UD names them."""


class LinesSettings(origins.Lines, FileSettings):
    """One file per language, one sentence a line, line n of each file the same meaning."""


class TableSettings(origins.Table, FileSettings):
    """CSV, TSV, JSONL or Parquet with columns named here."""


class BitextSettings(origins.Bitext, FileSettings):
    """A TMX file, or a text file with one column per language, split by tabs."""


class HubSettings(origins.Hub, FileSettings):
    """Tables of a data set on the Hugging Face hub, pinned to a revision."""


SingleSettings = (
    BuiltinSettings
    | Flores200Settings
    | Sib200Settings
    | TatoebaSettings
    | ConlluSettings
    | LinesSettings
    | TableSettings
    | BitextSettings
    | HubSettings
)


class JoinedSettings(_Settings):
    """Splits from different sources: experts from one text, numbers on another."""

    source: Literal["joined"]
    languages: Codes = Field(min_length=1, description="codes of languages that all of the sources have")
    find: Part = Field(description="the text that experts come from")
    dev: Part = Field(description="the text to choose on")
    test: Part = Field(description="the text to report on")

    @property
    def parts(self) -> dict[SplitName, Any]:
        """Where each split comes from."""
        return {"find": self.find, "dev": self.dev, "test": self.test}

    @model_validator(mode="after")
    def _parts_have_the_languages(self) -> "JoinedSettings":
        for part in self.parts.values():
            _refuse_absent(self.languages, part.named_languages)
        return self

    @model_validator(mode="after")
    def _leftovers_go_one_way(self) -> "JoinedSettings":
        for gathered in gather_parts(self.parts):
            rivals = find_rivals(gathered.sizes, gathered.take)
            if rivals:
                raise ValueError(
                    f"{rivals[0]} and {rivals[1]} both take all that is left of the same sentences; "
                    f"write how many meanings one of them gets, as in 'size: 500' in {rivals[0]}"
                )
        return self


CorpusSettings = Annotated[SingleSettings | JoinedSettings, Field(discriminator="source")]
