"""The rule language of the language files: conditions on features, word forms, and templates of items."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from polysteer.errors import CorpusError

Features = Mapping[str, str]
Rewrites = tuple[tuple[tuple[re.Pattern[str], str], ...], ...]
SLOT = re.compile(r"\{([^{}]+)\}")
MAX_PASSES = 50


@dataclass(frozen=True, slots=True)
class Condition:
    """One test of one feature: `values` empty asks whether it is there at all."""

    key: str
    values: frozenset[str]
    wanted: bool

    def holds(self, features: Features) -> bool:
        """Whether the features pass the test."""
        value = features.get(self.key)
        found = value is not None if not self.values else value in self.values
        return found == self.wanted


@dataclass(frozen=True, slots=True)
class Item:
    """One place in a template: what stands there, as what, and what it is told."""

    name: str
    is_head: bool
    deprel: str | None
    passed: tuple[tuple[str, str], ...]
    conditions: tuple[Condition, ...]


def split_conditions(text: str) -> tuple[str, tuple[Condition, ...]]:
    """`BODY ? a=x|y b!=z c !d` as the body and its tests, all of which must hold."""
    body, _, tests = f" {text} ".partition(" ? ")
    if not tests.strip():
        return text.strip(), ()
    return body.strip(), tuple(_parse_condition(test) for test in tests.split())


def _parse_condition(test: str) -> Condition:
    if "=" not in test:
        return Condition(test.removeprefix("!"), frozenset(), wanted=not test.startswith("!"))
    key, _, values = test.partition("=")
    return Condition(key.removesuffix("!"), frozenset(values.split("|")), wanted=not key.endswith("!"))


def parse_item(where: str, text: str) -> Item:
    """`*NAME as=DEPREL feature=value feature=$other ? conditions`."""
    body, conditions = split_conditions(text)
    name, *settings = body.split() or [""]
    if not name or not all("=" in setting for setting in settings):
        raise CorpusError(f"{where}: {text!r} is not a name followed by feature=value.")
    told = {key: value for key, _, value in (setting.partition("=") for setting in settings)}
    deprel = told.pop("as", None)
    return Item(name.removeprefix("*"), name.startswith("*"), deprel, tuple(told.items()), conditions)


def rewrite(text: str, rewrites: Rewrites) -> str:
    """Stages in order; inside one, its rules again and again until nothing changes."""
    for stage in rewrites:
        for _ in range(MAX_PASSES):
            before = text
            for pattern, new in stage:
                text = pattern.sub(new, text)
            if text == before:
                break
        else:
            raise CorpusError(f"rewrites: never settle on {text!r}: a rule matches its own result.")
    return text


class Template:
    """An ordered list of items; which of them stand depends on the features."""

    def __init__(self, where: str, lines: Sequence[str]) -> None:
        self.items = tuple(parse_item(where, line) for line in lines)
        self._keys = tuple(sorted({test.key for item in self.items for test in item.conditions}))
        self._cache: dict[tuple[str | None, ...], tuple[Item, ...]] = {}

    def select(self, features: Features) -> tuple[Item, ...]:
        """The items whose conditions hold."""
        key = tuple([features.get(name) for name in self._keys])
        if key not in self._cache:
            self._cache[key] = tuple(
                item for item in self.items if all(test.holds(features) for test in item.conditions)
            )
        return self._cache[key]


class Forms:
    """Alternatives for one word form, the first that fits wins; `{name}` is a feature or another Forms."""

    def __init__(self, where: str, lines: Sequence[str], tables: Mapping[str, "Forms"]) -> None:
        self._where = where
        self._tables = tables
        self._options = [split_conditions(line) for line in lines]
        self._cache: dict[tuple[str | None, ...], str] = {}
        self._keys: tuple[str, ...] | None = None

    def asked(self) -> frozenset[str]:
        """The features that its own conditions ask for."""
        return frozenset(test.key for _, tests in self._options for test in tests)

    def slots(self) -> frozenset[str]:
        """The features and other forms that it is filled with."""
        return frozenset(slot for body, _ in self._options for slot in SLOT.findall(body))

    def keys(self) -> frozenset[str]:
        """All features that the form can depend on."""
        found = set(self.asked())
        for slot in self.slots():
            table = self._tables.get(slot)
            found |= table.keys() if table is not None else {slot}
        return frozenset(found)

    def form(self, features: Features, rewrites: Rewrites = ()) -> str:
        """The finished form, remembered by the features it depends on."""
        if self._keys is None:
            self._keys = tuple(sorted(self.keys()))
        key = tuple([features.get(name) for name in self._keys])
        if key not in self._cache:
            self._cache[key] = rewrite(self.raw(features), rewrites)
        return self._cache[key]

    def raw(self, features: Features) -> str:
        """The form before any rewriting."""
        for body, tests in self._options:
            if all(test.holds(features) for test in tests):
                return SLOT.sub(lambda match: self._fill(match.group(1), features), body)
        raise CorpusError(f"{self._where}: none fits {dict(features)}. Add a last one without `?`.")

    def _fill(self, slot: str, features: Features) -> str:
        table = self._tables.get(slot)
        if table is not None:
            return table.raw(features)
        if slot not in features:
            known = ", ".join(sorted(features))
            raise CorpusError(f"{self._where}: {{{slot}}} is no form, nor a feature here: {known}.")
        return features[slot]
