"""Reads a language file: sections are typed, lines are parsed, names and features are checked."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import yaml
from pydantic import ValidationError

from polysteer.builtin.grammar.concepts import Concepts, load_concepts
from polysteer.builtin.grammar.language import (
    PREFIX,
    Entries,
    FixedToken,
    Language,
    Sandhi,
    Surface,
    Word,
)
from polysteer.builtin.grammar.language_checks import check_language, check_names
from polysteer.builtin.grammar.language_schema import LanguageFile, SandhiRule, SurfaceSection
from polysteer.builtin.grammar.rule_language import Forms, Rewrites, Template
from polysteer.errors import CorpusError

LANGUAGES_DIR = Path(__file__).parent / "languages"
MAX_COMPLAINTS = 5


def language_codes() -> tuple[str, ...]:
    """All built-in languages, in alphabetical order."""
    return tuple(sorted(path.stem for path in LANGUAGES_DIR.glob("*.yaml")))


@cache
def load_language(code: str) -> Language:
    """The built-in language with this code, read once and checked."""
    path = LANGUAGES_DIR / f"{code}.yaml"
    if not path.is_file():
        known = ", ".join(language_codes())
        raise CorpusError(f"no built-in language {code!r}. The built-in ones are: {known}.")
    return read_language(path)


def read_language(path: Path) -> Language:
    """The language that a file describes; a mistake in it is named with file and section."""
    try:
        raw = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
        language = _build(LanguageFile.model_validate(raw))
        if language.code != path.stem:
            raise CorpusError(f"language.code: {language.code!r} is not the file's name.")
        check_language(language)
    except ValidationError as error:
        raise CorpusError(f"{path.name}: {_describe_errors(error)}") from error
    except (CorpusError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path.name}: {error}") from error
    return language


def _describe_errors(error: ValidationError) -> str:
    complaints = []
    for detail in error.errors()[:MAX_COMPLAINTS]:
        place = ".".join(map(str, detail["loc"])) or "the file"
        if detail["type"] == "missing":
            complaints.append(f"{place} is missing")
        elif detail["type"] == "extra_forbidden":
            complaints.append(f"{place} is no section or setting")
        else:
            complaints.append(f"{place}: {detail['msg']}, but it is {detail['input']!r}")
    return "; ".join(complaints) + ". The format is described in languages/README.md."


def _build(sections: LanguageFile) -> Language:
    concepts = load_concepts()
    forms: dict[str, Forms] = {}
    forms.update({name: Forms(f"forms.{name}", lines, forms) for name, lines in sections.forms.items()})
    return Language(
        code=sections.language.code,
        name=sections.language.name,
        surface=_read_surface(sections.surface),
        lexicon={pos: _read_entries(pos, sections, concepts) for pos in PREFIX},
        times=_read_times(sections.lexicon.times, concepts),
        resolve=sections.resolve,
        forms=forms,
        words={name: _read_word(f"words.{name}", text, forms) for name, text in sections.words.items()},
        templates={name: Template(f"templates.{name}", lines) for name, lines in sections.templates.items()},
        rewrites=_read_rewrites(sections.rewrites),
        sandhi=tuple(_read_sandhi(rule) for rule in sections.sandhi),
    )


def _read_surface(section: SurfaceSection) -> Surface:
    head, deprel = section.multiword.split()
    return Surface(
        space=section.space,
        capital=section.capital,
        capitals=section.capitals,
        glue_before=section.glue_before,
        glue_after=section.glue_after,
        multiword_head=head,
        multiword_deprel=deprel,
    )


def _read_entries(pos: str, sections: LanguageFile, concepts: Concepts) -> Entries:
    """Lines such as `Arzt m Ärzte loc=in`: columns by position (- for none), then named attributes."""
    lines: Mapping[str, str] = getattr(sections.lexicon, pos)
    columns: Sequence[str] = getattr(sections.columns, pos).split()
    defaults: Mapping[str, str] = getattr(sections.defaults, pos)
    check_names(f"lexicon.{pos}", lines, required=concepts.ids(pos), allowed=concepts.ids(pos))
    entries: dict[str, Mapping[str, str]] = {}
    for concept, line in lines.items():
        entry = {**defaults, **_read_entry(f"lexicon.{pos}.{concept}", line, columns)}
        entries[concept] = {f"{PREFIX[pos]}.{name}": value for name, value in entry.items()}
    return entries


def _read_entry(where: str, line: str, columns: Sequence[str]) -> dict[str, str]:
    positional = [part for part in line.split() if "=" not in part]
    if len(positional) > len(columns):
        raise CorpusError(f"{where}: {line!r} has more words than columns ({', '.join(columns)}).")
    entry = {name: part for name, part in zip(columns, positional, strict=False) if part != "-"}
    for part in line.split():
        name, equals, value = part.partition("=")
        if equals:
            entry[name] = value
    if "lemma" not in entry:
        raise CorpusError(f"{where}: no lemma in {line!r}.")
    return entry


def _read_times(lines: Mapping[str, str], concepts: Concepts) -> Mapping[str, tuple[FixedToken, ...]]:
    check_names("lexicon.times", lines, required=concepts.ids("times"), allowed=concepts.ids("times"))
    return {concept: _read_time(f"lexicon.times.{concept}", line) for concept, line in lines.items()}


def _read_time(where: str, line: str) -> tuple[FixedToken, ...]:
    tokens = tuple(_read_fixed(where, token) for token in line.split())
    if sum(token.is_head for token in tokens) != 1:
        raise CorpusError(f"{where}: {line!r} needs exactly one token with a star, its head.")
    return tokens


def _read_fixed(where: str, token: str) -> FixedToken:
    """`form/UPOS/deprel`, the head with a star and perhaps no deprel: `in/ADP/case *summer/NOUN`."""
    is_head = token.startswith("*")
    form, *tags = token.removeprefix("*").split("/")
    if len(tags) != 2 and not (is_head and len(tags) == 1):
        raise CorpusError(f"{where}: {token!r} is not form/UPOS/deprel.")
    head_deprel = "advmod" if tags[0] == "ADV" else "obl"
    return FixedToken(form, tags[0], tags[1] if len(tags) == 2 else head_deprel, is_head=is_head)


def _read_word(where: str, text: str, forms: Mapping[str, Forms]) -> Word:
    parts = text.split(None, 2)
    if len(parts) != 3:
        raise CorpusError(f"{where}: {text!r} is not UPOS, deprel and form.")
    upos, deprel, form = parts
    return Word(upos, deprel, Forms(where, [form], forms))


def _read_rewrites(stages: Sequence[Sequence[Sequence[str]]]) -> Rewrites:
    return tuple(tuple((_compile("rewrites", old, new), new) for old, new in stage) for stage in stages)


def _read_sandhi(rule: SandhiRule) -> Sandhi:
    return Sandhi(
        left=_compile("sandhi", rule.left, rule.left_to or "", rule.merge or ""),
        right=_compile("sandhi", rule.right, rule.right_to or ""),
        left_to=rule.left_to,
        right_to=rule.right_to,
        merge=rule.merge,
    )


def _compile(where: str, pattern: str, *replacements: str) -> re.Pattern[str]:
    """The pattern, once it is known that it and all that may replace it are sound."""
    try:
        compiled = re.compile(pattern)
        for replacement in replacements:
            compiled.sub(replacement, "")
    except (re.error, IndexError) as error:
        raise CorpusError(f"{where}: {pattern!r} cannot be used: {error}.") from error
    return compiled
