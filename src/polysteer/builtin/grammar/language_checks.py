"""What must hold in a language file beyond types: names stand somewhere, features exist, no circles."""

from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from polysteer.builtin.grammar.language import HEAD_FORM, Language
from polysteer.builtin.grammar.rule_language import Forms
from polysteer.errors import CorpusError

ROLES = frozenset(
    {"first", "second", "clause", "subject", "object", "place", "content", "np", "left", "right", "time",
     "noun", "verb", "adjective", "predicate", "numeral"}
)  # fmt: skip
TEMPLATES = (
    "statement", "question", "because", "when", "and", "but",
    "transitive", "intransitive", "complement", "copula", "existential",
    "subject", "object", "place", "content", "np", "pair",
)  # fmt: skip
FEATURES = frozenset(
    {"pattern", "kind", "tense", "polarity", "mood", "form", "time", "place", "object", "number", "definite",
     "count", "sem", "adjective", "numeral", "pair", "role", "relation", "case", "outer.tense"}
    | {f"o.{key}" for key in ("number", "definite", "count", "sem", "numeral", "adjective", "pair")}
)  # fmt: skip


def check_language(language: Language) -> None:
    """Refuse a language whose rules ask for what is not there."""
    check_names("templates", language.templates, required=TEMPLATES)
    check_names("forms", language.forms, required=tuple(HEAD_FORM.values()))
    _check_items(language)
    _check_features(language)
    _check_order("forms", {name: table.slots() for name, table in language.forms.items()})
    called = {
        name: {item.name for item in template.items} - ROLES for name, template in language.templates.items()
    }
    _check_order("templates", called)


def check_names(
    where: str, found: Mapping[str, object], *, required: Sequence[str], allowed: Sequence[str] | None = None
) -> None:
    """Refuse a section that lacks a name, or has one that nothing asks for."""
    odd = [] if allowed is None else [name for name in found if name not in allowed]
    missing = [name for name in required if name not in found]
    if odd or missing:
        lists = f"missing: {', '.join(missing) or 'none'}; unknown: {', '.join(odd) or 'none'}"
        raise CorpusError(f"{where}: {lists}.")


def _check_items(language: Language) -> None:
    known = ROLES | set(language.words) | set(language.templates)
    for name, template in language.templates.items():
        unknown = sorted({item.name for item in template.items} - known)
        if unknown:
            raise CorpusError(f"templates.{name}: {', '.join(unknown)} is no role, word or template.")
        if not any(item.is_head for item in template.items):
            raise CorpusError(f"templates.{name}: no item carries the star of the head.")
    for name in language.words:
        if name in ROLES or name in language.templates:
            raise CorpusError(f"words.{name}: a role or a template has this name. Choose another.")


def _check_features(language: Language) -> None:
    """A misspelt feature would never be there, and its rule would never or always hold."""
    known = set(FEATURES)
    for entries in language.lexicon.values():
        attributes = {key for entry in entries.values() for key in entry}
        known |= attributes
        known |= {f"o.{key[2:]}" for key in attributes if key.startswith("n.")}
        known |= {f"outer.{key}" for key in attributes if key.startswith("v.")}
    for template in language.templates.values():
        known |= {key for item in template.items for key, _ in item.passed}
    for name, template in language.templates.items():
        asked = {test.key for item in template.items for test in item.conditions}
        taken = {value[1:] for item in template.items for _, value in item.passed if value.startswith("$")}
        _refuse_features(f"templates.{name}", asked | taken, known)
    tables: dict[str, Forms] = {f"forms.{name}": table for name, table in language.forms.items()}
    tables |= {f"words.{name}": word.forms for name, word in language.words.items()}
    for where, table in tables.items():
        _refuse_features(where, table.asked() | (table.slots() - set(language.forms)), known)


def _refuse_features(where: str, asked: Iterable[str], known: set[str]) -> None:
    unknown = sorted(set(asked) - known)
    if unknown:
        raise CorpusError(f"{where}: {', '.join(unknown)} is no feature, nor an attribute of any word.")


def _check_order(section: str, uses: Mapping[str, Iterable[str]]) -> None:
    try:
        TopologicalSorter(uses).prepare()
    except CycleError as error:
        raise CorpusError(f"{section}: a circle that never ends: {' > '.join(error.args[1])}.") from error
