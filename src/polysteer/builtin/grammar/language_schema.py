"""The sections of a language file and the types of what stands in them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Lines = list[str]
Pattern = Annotated[str, StringConstraints(min_length=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class NameSection(_Section):
    """Which language it is."""

    code: str
    name: str


class SurfaceSection(_Section):
    """How tokens become a line of text."""

    space: str = " "
    capital: bool = True
    capitals: dict[str, str] = Field(default_factory=dict)
    glue_before: str = ".,?"
    glue_after: str = ""
    multiword: Annotated[str, StringConstraints(pattern=r"^(first|last) [a-z]+$")] = "first flat"


class ByPartOfSpeech(_Section):
    """One text for each part of speech."""

    nouns: str
    verbs: str
    adjectives: str
    numerals: str


class DefaultsSection(_Section):
    """Attributes that entries have unless they say otherwise."""

    nouns: dict[str, str] = Field(default_factory=dict)
    verbs: dict[str, str] = Field(default_factory=dict)
    adjectives: dict[str, str] = Field(default_factory=dict)
    numerals: dict[str, str] = Field(default_factory=dict)


class LexiconSection(_Section):
    """One line for every concept."""

    nouns: dict[str, str]
    verbs: dict[str, str]
    adjectives: dict[str, str]
    numerals: dict[str, str]
    times: dict[str, str]


class SandhiRule(_Section):
    """What two neighbours do to each other."""

    left: Pattern
    right: Pattern
    left_to: str | None = None
    right_to: str | None = None
    merge: str | None = None


class LanguageFile(_Section):
    """A whole file, before its lines are parsed."""

    language: NameSection
    surface: SurfaceSection
    columns: ByPartOfSpeech
    defaults: DefaultsSection = DefaultsSection()
    lexicon: LexiconSection
    resolve: dict[str, str] = Field(default_factory=dict)
    forms: dict[str, Lines]
    rewrites: list[list[Annotated[list[str], Field(min_length=2, max_length=2)]]] = Field(
        default_factory=list
    )
    words: dict[str, str]
    templates: dict[str, Lines]
    sandhi: list[SandhiRule] = Field(default_factory=list)
