"""Neighbours that change or swallow each other, and the tree that is left."""

import re

import pytest

from polysteer.builtin.grammar.language import Sandhi, Surface
from polysteer.builtin.grammar.typesetting import Sentence, Token, Typesetter

SURFACE = Surface(" ", True, {"i": "İ"}, ".", "'", "first", "flat")


def typeset(tokens: list[tuple[str, str, int]], *rules: dict[str, str]) -> Sentence:
    """Tokens as (form, deprel, number of the head), rules as in a language file."""
    made = [Token(form, "X", deprel) for form, deprel, _ in tokens]
    for token, (_, _, head) in zip(made, tokens, strict=True):
        token.head = made[head - 1] if head else None
    sandhi = [
        Sandhi(
            re.compile(rule["left"]),
            re.compile(rule["right"]),
            *map(rule.get, ("left_to", "right_to", "merge")),
        )
        for rule in rules
    ]
    return Typesetter(SURFACE, sandhi).finish(made, capital=True)


@pytest.mark.parametrize(
    ("tokens", "text", "heads", "deprels"),
    [
        ([("de", "case", 3), ("le", "det", 3), ("roi", "root", 0)], "Du roi", (2, 0), ("case", "root")),
        ([("de", "case", 2), ("le", "root", 0), ("si", "dep", 2)], "Du si", (0, 1), ("root", "dep")),
        ([("de", "root", 0), ("le", "dep", 1), ("si", "dep", 2)], "Du si", (0, 1), ("root", "dep")),
    ],
)
def test_two_tokens_that_become_one_leave_a_tree(tokens, text, heads, deprels):
    sentence = typeset(tokens, {"left": "de", "right": "le", "merge": "du"})
    assert (sentence.text, sentence.heads, sentence.deprels) == (text, heads, deprels)


def test_a_rule_sees_what_an_earlier_one_made():
    rules = [
        {"left": "l(e|a)", "right": "a.*", "left_to": "l'"},
        {"left": "l'", "right": "a(.*)", "right_to": r"h\1"},
    ]
    tokens = [("le", "det", 2), ("ami", "root", 0), (".", "punct", 2)]
    assert typeset(tokens, *rules).text == "L'hmi."
    assert typeset(tokens, *reversed(rules)).text == "L'ami."


def test_a_rule_needs_both_whole_tokens():
    rule = {"left": "a", "right": "[aeio].*", "left_to": "an"}
    words = ["a", "old", "sea", "eel", "a", "cat"]
    assert typeset([(word, "dep", 1 if place else 0) for place, word in enumerate(words)], rule).text == (
        "An old sea eel a cat"
    )


def test_a_language_may_have_capitals_of_its_own():
    assert typeset([("izmir", "root", 0)]).text == "İzmir"
