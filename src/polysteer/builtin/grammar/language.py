"""What the engine knows of one language, once its file has been read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from polysteer.builtin.grammar.rule_language import Forms, Rewrites, Template

PREFIX = {"nouns": "n", "verbs": "v", "adjectives": "a", "numerals": "m"}
HEAD_FORM = {"nouns": "noun", "verbs": "verb", "adjectives": "adjective", "numerals": "numeral"}

Entries = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Word:
    """A function word: its tags, and forms that may depend on the features."""

    upos: str
    deprel: str
    forms: Forms


@dataclass(frozen=True, slots=True)
class FixedToken:
    """One token of a time adverbial; the head's deprel follows from its tag."""

    form: str
    upos: str
    deprel: str
    is_head: bool


@dataclass(frozen=True, slots=True)
class Sandhi:
    """What two neighbours do to each other; `merge` makes them one token."""

    left: re.Pattern[str]
    right: re.Pattern[str]
    left_to: str | None
    right_to: str | None
    merge: str | None


@dataclass(frozen=True, slots=True)
class Surface:
    """How tokens become a line of text."""

    space: str
    capital: bool
    capitals: Mapping[str, str]
    glue_before: str
    glue_after: str
    multiword_head: str
    multiword_deprel: str


@dataclass(frozen=True, slots=True)
class Language:
    """Everything that the engine knows of one language."""

    code: str
    name: str
    surface: Surface
    lexicon: Mapping[str, Entries]
    times: Mapping[str, tuple[FixedToken, ...]]
    resolve: Mapping[str, str]
    forms: Mapping[str, Forms]
    words: Mapping[str, Word]
    templates: Mapping[str, Template]
    rewrites: Rewrites
    sandhi: tuple[Sandhi, ...]
