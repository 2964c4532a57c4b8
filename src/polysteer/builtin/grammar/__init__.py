"""The built-in corpus: parallel sentences from a synchronous grammar, in any language with a file."""

from polysteer.builtin.grammar.language_file import language_codes
from polysteer.builtin.grammar.meaning import Clause, Meaning, NounPhrase, Pair, Place
from polysteer.builtin.grammar.sentences import (
    Row,
    Split,
    content_words,
    generate,
    lexicon,
    linearize,
    linearize_phrase,
    sample_meanings,
    training_meanings,
)
from polysteer.builtin.grammar.typesetting import Sentence

__all__ = [
    "Clause", "Meaning", "NounPhrase", "Pair", "Place", "Row", "Sentence", "Split", "content_words",
    "generate", "language_codes", "lexicon", "linearize", "linearize_phrase", "sample_meanings",
    "training_meanings",
]  # fmt: skip
