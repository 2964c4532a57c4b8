"""The words of tagged sentences: which sentences are drawn, and where each word stands in its text."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from polysteer.corpus.corpus_table import Corpus

UNTAGGED = "_"


class Span(NamedTuple):
    """Where a word stands, in characters."""

    start: int
    stop: int


class TaggedSentence(NamedTuple):
    """A sentence that was drawn: its row among those of its language and split, its text, its words."""

    row: int
    text: str
    words: list[str]
    tags: list[str]


def draw_sentences(
    corpus: Corpus, language: str, split: str, *, most_words: int, seed: int
) -> list[TaggedSentence]:
    """Whole sentences with tags, drawn until the next would pass `most_words`; one at least, if there is one.

    They come in the order of the split. Languages with equally many sentences get the same rows tried.
    """
    rows = corpus.rows(language, split).select(["text", "tokens", "upos"]).to_pylist()
    tagged = [row for row, found in enumerate(rows) if _is_tagged(found)]
    if not tagged or not most_words:
        return []
    drawn = np.random.default_rng([seed, 0]).permutation(len(tagged))
    n_words = np.cumsum([len(rows[tagged[i]]["tokens"]) for i in drawn])
    n_drawn = max(1, int((n_words <= most_words).sum()))
    chosen = sorted(tagged[i] for i in drawn[:n_drawn])
    return [TaggedSentence(row, rows[row]["text"], rows[row]["tokens"], rows[row]["upos"]) for row in chosen]


def has_tags(corpus: Corpus, language: str, split: str) -> bool:
    """Whether any sentence could be drawn."""
    return any(map(_is_tagged, corpus.rows(language, split).select(["tokens", "upos"]).to_pylist()))


def find_words(text: str, words: Sequence[str]) -> list[Span | None]:
    """Where the words stand in the text, left to right; None for one that is not written there.

    The words of a multiword token ("aux": "à", "les") need not be. What they leave of the text is passed
    over up to the next word, within one run of characters without a blank: no word is looked for further on.
    """
    forms = [unicodedata.normalize("NFC", word) for word in words]  # as a corpus normalizes its texts
    spans: list[Span | None] = [None] * len(forms)
    place, number = 0, 0
    while number < len(forms):
        skipped, start = _find_next(text, place, forms[number:])
        number += skipped
        if number < len(forms):
            place = start + len(forms[number])
            spans[number] = Span(start, place)
            number += 1
    return spans


def _is_tagged(row: Mapping[str, list[str] | None]) -> bool:
    return bool(row["tokens"]) and any(tag != UNTAGGED for tag in row["upos"] or ())


def _find_next(text: str, place: int, forms: Sequence[str]) -> tuple[int, int]:
    """How many words are not written, fewest first, and where the one after them starts."""
    place = _skip_blanks(text, place)
    if forms[0] and text.startswith(forms[0], place):
        return 0, place
    stop = next((at for at in range(place, len(text)) if text[at].isspace()), len(text))
    starts = [*range(place, stop), _skip_blanks(text, stop)]
    for skipped, form in enumerate(forms):
        found = next((start for start in starts if form and text.startswith(form, start)), None)
        if found is not None:
            return skipped, found
    return len(forms), place


def _skip_blanks(text: str, place: int) -> int:
    while place < len(text) and text[place].isspace():
        place += 1
    return place
