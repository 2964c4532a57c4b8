"""Turns tokens into the line that is read: sandhi, capitals, spaces and head numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from polysteer.builtin.grammar.language import Sandhi, Surface


class Token:
    """A token while the sentence is being built; `head` is None for the root."""

    __slots__ = ("deprel", "form", "head", "upos")

    def __init__(self, form: str, upos: str, deprel: str) -> None:
        self.form = form
        self.upos = upos
        self.deprel = deprel
        self.head: Token | None = None


@dataclass(frozen=True, slots=True)
class Sentence:
    """A finished sentence; `heads` count from 1, and 0 is the root."""

    text: str
    tokens: tuple[str, ...]
    upos: tuple[str, ...]
    heads: tuple[int, ...]
    deprels: tuple[str, ...]


class Typesetter:
    """Finishes the sentences of one language; remembers which rules a form can be the left side of."""

    def __init__(self, surface: Surface, rules: Sequence[Sandhi]) -> None:
        self._surface = surface
        self._rules = tuple(rules)
        self._lefts: dict[str, tuple[int, ...]] = {}

    def finish(self, tokens: list[Token], *, capital: bool) -> Sentence:
        """Sandhi, perhaps a capital, text and tree."""
        tokens = self._apply_rules(tokens)
        forms = [token.form for token in tokens]
        if capital:
            _capitalise(forms, self._surface)
        index = {id(token): number for number, token in enumerate(tokens, start=1)}
        return Sentence(
            text=_join(forms, self._surface),
            tokens=tuple(forms),
            upos=tuple([token.upos for token in tokens]),
            heads=tuple([index[id(token.head)] if token.head is not None else 0 for token in tokens]),
            deprels=tuple([token.deprel if token.head is not None else "root" for token in tokens]),
        )

    def _apply_rules(self, tokens: list[Token]) -> list[Token]:
        """Rules in order; one that fits nowhere, as most do, is not tried."""
        fitting = self._find_rules(tokens) if self._rules else set()
        for number, rule in enumerate(self._rules):
            if number in fitting:
                tokens = _apply_rule(tokens, rule)
                fitting = self._find_rules(tokens)
        return tokens

    def _find_rules(self, tokens: list[Token]) -> set[int]:
        """The numbers of the rules that fit some pair of neighbours."""
        return {
            number
            for left, right in pairwise(tokens)
            for number in self._rules_from(left.form)
            if self._rules[number].right.fullmatch(right.form)
        }

    def _rules_from(self, form: str) -> tuple[int, ...]:
        numbers = self._lefts.get(form)
        if numbers is None:
            numbers = tuple(n for n, rule in enumerate(self._rules) if rule.left.fullmatch(form))
            self._lefts[form] = numbers
        return numbers


def _apply_rule(tokens: list[Token], rule: Sandhi) -> list[Token]:
    """The rule on every pair of neighbours, from the left."""
    position = 0
    while position + 1 < len(tokens):
        left, right = tokens[position], tokens[position + 1]
        if rule.left.fullmatch(left.form) and rule.right.fullmatch(right.form):
            if rule.merge is not None:
                tokens = _merge(tokens, position, rule.left.sub(rule.merge, left.form))
                continue
            if rule.left_to is not None:
                left.form = rule.left.sub(rule.left_to, left.form)
            if rule.right_to is not None:
                right.form = rule.right.sub(rule.right_to, right.form)
        position += 1
    return tokens


def _merge(tokens: list[Token], position: int, form: str) -> list[Token]:
    """One token for two: it hangs where the higher of them hung, and what hung on either hangs on it."""
    left, right = tokens[position], tokens[position + 1]
    if left.head is right:
        left.head, left.deprel = right.head, right.deprel
    left.form = form
    for token in tokens:
        if token.head is right:
            token.head = left
    return tokens[: position + 1] + tokens[position + 2 :]


def _capitalise(forms: list[str], surface: Surface) -> None:
    for position, form in enumerate(forms):
        if form[0].isalpha():
            forms[position] = surface.capitals.get(form[0], form[0].upper()) + form[1:]
            return


def _join(forms: list[str], surface: Surface) -> str:
    text = forms[0]
    for left, right in pairwise(forms):
        glued = right[0] in surface.glue_before or left[-1] in surface.glue_after
        text += right if glued else surface.space + right
    return text
