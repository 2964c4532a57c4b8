"""Few-shot prompts for translation: a pair of sentences per line, and a last line to be finished."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

import numpy as np

from polysteer.corpus.corpus_table import Corpus
from polysteer.corpus.parallel import count_shared
from polysteer.errors import CorpusError

END_OF_LINE = "\n"
Direction = Literal["into", "out_of"]


class TranslationPair(NamedTuple):
    """From which language into which."""

    source: str
    reference: str


class TranslatedSentence(NamedTuple):
    """A meaning in the two languages of a pair."""

    id: str
    source: str
    reference: str


def list_translation_pairs(
    corpus: Corpus, target: str, directions: Iterable[Direction]
) -> list[TranslationPair]:
    """From every other language into the target, and out of it: those that share test sentences with it."""
    compared = count_shared(corpus, "test").compared
    others = [a if b == target else b for a, b in compared if target in (a, b)]
    ends = {
        "into": [TranslationPair(other, target) for other in others],
        "out_of": [TranslationPair(target, other) for other in others],
    }
    return [
        pair for direction in ("into", "out_of") if direction in set(directions) for pair in ends[direction]
    ]


def list_sentences(corpus: Corpus, pair: TranslationPair, n_most: int) -> list[TranslatedSentence]:
    """The first test sentences that both languages have."""
    shared = corpus.pairing(*pair, "test")
    source, reference = (corpus.texts(language, "test") for language in pair)
    rows = zip(shared.ids[:n_most], shared.rows_a, shared.rows_b, strict=False)
    return [TranslatedSentence(id_, source[a], reference[b]) for id_, a, b in rows]


def build_prompts(
    corpus: Corpus, pair: TranslationPair, *, sentences: int, shots: int, seed: int
) -> list[str]:
    """For each of the first `sentences` of test: `shots` lines `source = reference`, then `source =`.

    The shots are drawn from the `find` sentences that both languages have, the same ones for every prompt.
    """
    lines = [f"{source} = {reference}" for source, reference in _draw_shots(corpus, pair, shots, seed)]
    asked = (_on_one_line(sentence.source) for sentence in list_sentences(corpus, pair, sentences))
    return [END_OF_LINE.join([*lines, f"{text} ="]) for text in asked]


def _draw_shots(corpus: Corpus, pair: TranslationPair, shots: int, seed: int) -> list[tuple[str, str]]:
    shared = corpus.pairing(*pair, "find")
    if len(shared.ids) < shots:
        raise CorpusError(
            f"{pair.source} and {pair.reference} share {len(shared.ids)} find sentences, too few for {shots} "
            "shots of a translation; lower 'evaluate.translate.shots'"
        )
    drawn = np.random.default_rng(seed).choice(len(shared.ids), size=shots, replace=False)
    sides = (
        (corpus.texts(pair.source, "find"), shared.rows_a),
        (corpus.texts(pair.reference, "find"), shared.rows_b),
    )
    source, reference = ([_on_one_line(texts[rows[i]]) for i in drawn] for texts, rows in sides)
    return list(zip(source, reference, strict=True))


def _on_one_line(text: str) -> str:
    return " ".join(text.split())
