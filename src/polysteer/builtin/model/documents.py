"""What the built-in model reads while it learns: half in one language, half across languages."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from polysteer.builtin.grammar import (
    Meaning,
    Sentence,
    lexicon,
    linearize,
    linearize_phrase,
    training_meanings,
)

# A line break, unlike a space, leaves a sentence's first token as it is at the beginning of a text.
SEPARATOR = "\n"

_CONTENT = frozenset({"NOUN", "VERB", "ADJ"})
_Path = tuple[str, ...]


@dataclass(frozen=True)
class DocumentMix:
    """The share of each kind of document, and how much of a switched sentence is in its second language."""

    monolingual: float = 0.5
    translations: float = 0.2
    phrases: float = 0.05
    words: float = 0.05
    switched: float = 0.2
    switched_words: float = 0.5


def write_documents(
    n: int, *, languages: Sequence[str], mix: DocumentMix, n_meanings: int, seed: int
) -> list[str]:
    """`n` documents about meanings of the training pool; the same arguments give the same documents."""
    writer = _Writer(languages, training_meanings(n_meanings, seed), mix, seed)
    return writer.write(n)


def switch_words(sentence: Sentence, other: Sentence, is_switched: Callable[[], bool]) -> str:
    """The sentence with some content words in the other's language, matched by their roles in the trees."""
    ours, theirs = _words_by_path(sentence), _words_by_path(other)
    text, position = sentence.text, 0
    for token, path in zip(sentence.tokens, _paths(sentence), strict=True):
        start = text.index(token, position)
        position = start + len(token)
        if path in ours and path in theirs and is_switched():
            before, after = text[:start], text[position:]
            text = _join_apart(_join_apart(before, theirs[path]), after)
            position = len(text) - len(after)
    return text


class _Writer:
    """Draws documents of every kind from one stream of random numbers."""

    def __init__(
        self, languages: Sequence[str], meanings: Sequence[Meaning], mix: DocumentMix, seed: int
    ) -> None:
        self._random = random.Random(f"documents:{seed}")
        self._languages = list(languages)
        self._meanings = meanings
        self._mix = mix
        self._by_topic: dict[str, list[Meaning]] = {}
        for meaning in meanings:
            self._by_topic.setdefault(meaning.topic, []).append(meaning)
        self._topics = sorted(self._by_topic)
        self._lexicons = {language: lexicon(language) for language in languages}
        self._concepts = sorted(set.intersection(*(set(words) for words in self._lexicons.values())))

    def write(self, n: int) -> list[str]:
        """`n` documents in random order of kind."""
        mix = self._mix
        kinds = {
            self._monolingual: mix.monolingual,
            self._translations: mix.translations,
            self._phrases: mix.phrases,
            self._words: mix.words,
            self._switched: mix.switched,
        }
        chosen = self._random.choices(list(kinds), weights=list(kinds.values()), k=n)
        return [SEPARATOR.join(kind()) for kind in chosen]

    def _monolingual(self) -> list[str]:
        language = self._random.choice(self._languages)
        return [linearize(meaning, language).text for meaning in self._same_topic(5)]

    def _translations(self) -> list[str]:
        meaning = self._random.choice(self._meanings)
        return [
            linearize(meaning, language).text
            for language in self._some_languages(self._random.choice((2, 3)))
        ]

    def _phrases(self) -> list[str]:
        phrase = self._random.choice(self._meanings).first.subject
        return [linearize_phrase(phrase, language).text for language in self._some_languages(5)]

    def _words(self) -> list[str]:
        concept = self._random.choice(self._concepts)
        return [self._lexicons[language][concept] for language in self._some_languages(5)]

    def _switched(self) -> list[str]:
        first, second = self._some_languages(2)
        return [
            switch_words(
                linearize(meaning, first),
                linearize(meaning, second),
                lambda: self._random.random() < self._mix.switched_words,
            )
            for meaning in self._same_topic(4)
        ]

    def _same_topic(self, n: int) -> list[Meaning]:
        return self._random.choices(self._by_topic[self._random.choice(self._topics)], k=n)

    def _some_languages(self, n: int) -> list[str]:
        return self._random.sample(self._languages, min(n, len(self._languages)))


def _words_by_path(sentence: Sentence) -> dict[_Path, str]:
    """Content words whose way to the root no other word of the sentence shares."""
    paths = _paths(sentence)
    counts = Counter(paths)
    return {
        path: token
        for token, path, upos in zip(sentence.tokens, paths, sentence.upos, strict=True)
        if upos in _CONTENT and counts[path] == 1
    }


def _join_apart(left: str, right: str) -> str:
    """Both in one line, with a space where two words would otherwise run into one."""
    return f"{left} {right}" if left[-1:].isalnum() and right[:1].isalnum() else left + right


def _paths(sentence: Sentence) -> list[_Path]:
    """For every token its part of speech and the relations from it up to the root."""
    return [_path(sentence, place) for place in range(len(sentence.tokens))]


def _path(sentence: Sentence, place: int) -> _Path:
    relations = [sentence.upos[place], sentence.deprels[place]]
    while head := sentence.heads[place]:
        place = head - 1
        relations.append(sentence.deprels[place])
    return tuple(relations)
