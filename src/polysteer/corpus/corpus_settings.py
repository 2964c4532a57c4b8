"""The `corpus:` section of experiments.yaml: every source with the keys of all, told apart by `source:`."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, create_model, model_validator

from polysteer.corpus.draw import SPLIT_NAMES, Draw, Sizes, SplitName, Take, find_rivals
from polysteer.corpus.languages import given_forms, resolve_language
from polysteer.corpus.parts import Part, PartSettings, gather_parts
from polysteer.corpus.sources import SOURCES
from polysteer.corpus.text_source import FileSource, Names, Source, choose_by_source
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


class Settings(BaseModel):
    """What every corpus has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    languages: Languages = ()
    seed: Whole = Field(0, ge=0, description="draws the sentences of each split")

    if TYPE_CHECKING:
        source: str  # each says which

    @property
    def known_languages(self) -> tuple[str, ...]:
        """Those that the text will have, as far as the settings tell; none where only the text does."""
        return self.languages


def _refuse_absent(languages: Sequence[str], named: Sequence[str]) -> None:
    for code in languages if named else ():
        try:
            resolve_language(code, named)
        except LanguageError as error:
            raise MisplacedError(("languages",), str(error)) from error


def _refuse_rivals(sizes: Sizes, take: Take, example: str) -> None:
    rivals = find_rivals(sizes, take)
    if rivals:
        raise ValueError(
            f"{rivals[0]} and {rivals[1]} both take all that is left of the same sentences; "
            f"write how many meanings one of them gets, as in {example.format(*rivals)}"
        )


class SourceSettings(Settings, Source):
    """All three splits from one source."""

    @property
    def known_languages(self) -> tuple[str, ...]:
        """Where none is asked for, those that the source has."""
        return self.languages or self.named_languages

    @property
    def draw(self) -> Draw:
        """What is drawn from the source."""
        return Draw({split: getattr(self, split) for split in SPLIT_NAMES}, self.languages, seed=self.seed)

    @model_validator(mode="after")
    def _languages_are_there(self) -> Self:
        _refuse_absent(self.languages, self.named_languages)
        return self


class FileSettings(SourceSettings, FileSource):
    """What all real text shares: how its meanings are dealt into find, dev and test."""

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
        _refuse_rivals(self.draw.sizes, self.take, "'{1}: 500'")
        return self

    @property
    def draw(self) -> Draw:
        """What is drawn from the source, and from which of its parts."""
        return replace(super().draw, take=self.take, partial=self.partial)


def _make_settings(source: type[Source]) -> type[Source]:
    """The keys of a source with those of all sources, and the defaults that are usual with it."""
    is_endless = not issubclass(source, FileSource)
    frame, size = (SourceSettings, Size) if is_endless else (FileSettings, Size | None)
    usual: dict[str, Any] = {split: (size, number) for split, number in source.usual_sizes.items()}
    if source.usual_take:
        usual["take"] = (dict[SplitName, Names], source.usual_take)
    name = f"{source.__name__}Settings"
    return create_model(name, __base__=(source, frame), __doc__=source.__doc__, **usual)


class JoinedSettings(Settings):
    """Splits from different sources: experts from one text, numbers on another."""

    source: Literal["joined"]
    languages: Codes = Field(min_length=1, description="codes of languages that all of the sources have")
    find: Part = Field(description="the text that experts come from")
    dev: Part = Field(description="the text to choose on")
    test: Part = Field(description="the text to report on")

    @property
    def parts(self) -> dict[SplitName, PartSettings]:
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
            _refuse_rivals(gathered.sizes, gathered.take, "'size: 500' in {0}")
        return self


CorpusSettings = Annotated[Settings, choose_by_source([*map(_make_settings, SOURCES), JoinedSettings])]


def make_settings(**keys: object) -> Settings:
    """The section with these keys, `source` among them."""
    return TypeAdapter[Settings](CorpusSettings).validate_python(keys)
