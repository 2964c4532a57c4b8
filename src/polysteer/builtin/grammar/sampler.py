"""Draws meanings at random, each within one topic, by the affinities of the concepts."""

import random
from collections.abc import Iterator, Sequence
from typing import TypeVar

from polysteer.builtin.grammar.concepts import Concepts, Frame, Noun, load_concepts
from polysteer.builtin.grammar.meaning import (
    Clause,
    Kind,
    Meaning,
    NounPhrase,
    Pair,
    Pattern,
    Phrase,
    Place,
    Tense,
)

T = TypeVar("T")

PATTERNS: tuple[tuple[Pattern, float], ...] = (
    ("statement", 0.64), ("question", 0.12), ("because", 0.07), ("when", 0.05), ("and", 0.07), ("but", 0.05),
)  # fmt: skip
KINDS: tuple[tuple[Kind, float], ...] = (
    ("transitive", 0.5), ("intransitive", 0.18), ("copula", 0.1), ("existential", 0.12), ("complement", 0.1),
)  # fmt: skip
JOINED_KINDS: tuple[tuple[Kind, float], ...] = (("transitive", 0.55), ("intransitive", 0.3), ("copula", 0.15))

P_PLURAL = 0.3
P_NUMERAL = 0.25
P_ADJECTIVE = 0.4
P_ADJECTIVE_JOINED = 0.12
P_PAIR = 0.08
P_INDEFINITE_SUBJECT = 0.2
P_INDEFINITE_OBJECT = 0.45
P_PLACE = 0.4
P_NEAR = 0.2
P_TIME = 0.45
P_NEGATED = 0.15
P_NEGATED_BUT = 0.5
TENSES: tuple[tuple[Tense, float], ...] = (("present", 0.5), ("past", 0.5))
TENSES_WITH_TIME: tuple[tuple[Tense, float], ...] = (("present", 0.4), ("past", 0.4), ("future", 0.2))
PEOPLE = frozenset({"person", "animal"})


class Sampler:
    """An endless source of meanings; the same seed gives the same ones."""

    def __init__(self, rng: random.Random, concepts: Concepts | None = None) -> None:
        self._rng = rng
        self._concepts = concepts or load_concepts()
        self._frames: dict[tuple[str, Kind], list[list[Frame]]] = {}
        self._homes: dict[tuple[str, bool], list[Noun]] = {}
        self._times: dict[str, list[str]] = {}
        for topic in self._concepts.topics:
            self._index_topic(topic)
        for tense in ("present", "past", "future"):
            self._times[tense] = [time for time, fits in self._concepts.times.items() if tense in fits]

    def _index_topic(self, topic: str) -> None:
        frames = [frame for frame in self._concepts.frames if frame.topic == topic]
        for kind in ("transitive", "intransitive", "complement"):
            verbs: dict[str, list[Frame]] = {}
            for frame in frames:
                if frame_kind(frame) == kind:
                    verbs.setdefault(frame.verb, []).append(frame)
            self._frames[topic, kind] = list(verbs.values())
        at_home = [noun for noun in self._concepts.nouns.values() if noun.topic == topic]
        self._homes[topic, False] = [noun for noun in at_home if noun.adjectives]
        self._homes[topic, True] = [noun for noun in at_home if noun.places]

    def __iter__(self) -> Iterator[Meaning]:
        while True:
            yield self.draw()

    def draw(self) -> Meaning:
        """One meaning: topic first, then pattern, then clauses."""
        topic = self._rng.choice(self._concepts.topics)
        pattern = self._pick(PATTERNS)
        if pattern in ("statement", "question"):
            return Meaning(topic, pattern, self._single_clause(topic, asked=pattern == "question"))
        tense = self._pick(TENSES)
        first = self._joined_clause(topic, tense, negated=pattern == "because" and self._chance(P_NEGATED))
        negated = pattern == "but" and self._chance(P_NEGATED_BUT)
        second = self._joined_clause(topic, tense, negated=negated, apart_from=first.nouns())
        return Meaning(topic, pattern, first, second)

    def _single_clause(self, topic: str, *, asked: bool) -> Clause:
        kind = self._pick(KINDS)
        with_time = self._chance(P_TIME)
        tense = self._pick(TENSES_WITH_TIME if with_time else TENSES)
        time = self._rng.choice(self._times[tense]) if with_time else None
        negated = not asked and kind != "complement" and self._chance(P_NEGATED)
        if kind == "copula":
            return self._copula(topic, tense, time, negated=negated)
        if kind == "existential":
            return self._existential(topic, tense, time, negated=negated)
        frame = self._rng.choice(self._rng.choice(self._frames[topic, kind]))
        if kind == "complement":
            return self._complement(topic, frame, tense, time)
        return self._verbal(frame, tense, time, negated=negated, adjectives=P_ADJECTIVE, places=P_PLACE)

    def _joined_clause(
        self, topic: str, tense: Tense, *, negated: bool, apart_from: frozenset[str] = frozenset()
    ) -> Clause:
        """A clause that shares its sentence with another but no noun: they would ask for a pronoun."""
        while True:
            clause = self._short_clause(topic, tense, negated=negated)
            if apart_from.isdisjoint(clause.nouns()):
                return clause

    def _short_clause(self, topic: str, tense: Tense, *, negated: bool) -> Clause:
        kind = self._pick(JOINED_KINDS)
        if kind == "copula":
            return self._copula(topic, tense, None, negated=negated)
        frame = self._rng.choice(self._rng.choice(self._frames[topic, kind]))
        return self._verbal(frame, tense, None, negated=negated, adjectives=P_ADJECTIVE_JOINED, places=0.0)

    def _complement(self, topic: str, frame: Frame, tense: Tense, time: str | None) -> Clause:
        actor = self._rng.choice(frame.subjects)
        subject = self._noun_phrase(actor, definite=True, adjectives=P_ADJECTIVE_JOINED)
        content_tense = "past" if tense == "past" else self._pick(TENSES)
        content = self._joined_clause(topic, content_tense, negated=False, apart_from=subject.nouns())
        return Clause("complement", subject, verb=frame.verb, content=content, tense=tense, time=time)

    def _verbal(
        self, frame: Frame, tense: Tense, time: str | None, *, negated: bool, adjectives: float, places: float
    ) -> Clause:
        joined = places == 0.0
        if frame.needs_place:
            time, tense = None, "present" if tense == "future" else tense
        definite = negated or joined or not self._chance(P_INDEFINITE_SUBJECT)
        actor = self._rng.choice(frame.subjects)
        subject = self._argument(
            actor, frame.subjects, definite=definite, adjectives=adjectives, paired=not joined
        )
        target: Phrase | None = None
        names = [actor]
        if frame.objects:
            name = self._rng.choice([other for other in frame.objects if other != actor])
            names.append(name)
            definite = not self._chance(P_INDEFINITE_OBJECT)
            target = self._argument(
                name, frame.objects, definite=definite, adjectives=adjectives, paired=not (joined or negated),
                numerals=not negated,
            )  # fmt: skip
        place = self._place(frame, names) if frame.needs_place or self._chance(places) else None
        return Clause(
            frame_kind(frame), subject, verb=frame.verb, object=target, place=place, time=time, tense=tense,
            negated=negated,
        )  # fmt: skip

    def _copula(self, topic: str, tense: Tense, time: str | None, *, negated: bool) -> Clause:
        noun = self._rng.choice(self._homes[topic, False])
        adjective = self._rng.choice(noun.adjectives)
        if adjective not in self._concepts.states:
            time, tense = None, "present" if tense == "future" else tense
        subject = self._noun_phrase(noun.id, definite=True, adjectives=0.0)
        return Clause("copula", subject, adjective=adjective, time=time, tense=tense, negated=negated)

    def _existential(self, topic: str, tense: Tense, time: str | None, *, negated: bool) -> Clause:
        noun = self._rng.choice(self._homes[topic, True])
        subject = self._noun_phrase(noun.id, definite=False, adjectives=P_ADJECTIVE, numerals=not negated)
        place = self._locate(self._rng.choice(noun.places))
        return Clause("existential", subject, place=place, time=time, tense=tense, negated=negated)

    def _place(self, frame: Frame, names: Sequence[str]) -> Place | None:
        """Where the frame happens: its own places, or else those of the subject, but never a participant."""
        places = frame.places if frame.places is not None else self._concepts.nouns[names[0]].places
        fitting = [place for place in places if place not in names]
        return self._locate(self._rng.choice(fitting)) if fitting else None

    def _locate(self, noun: str) -> Place:
        phrase = self._noun_phrase(noun, definite=True, adjectives=P_ADJECTIVE / 2, plurals=False)
        return Place(phrase, "near" if self._chance(P_NEAR) else "at")

    def _argument(
        self, name: str, others: Sequence[str], *, definite: bool, adjectives: float, paired: bool,
        numerals: bool = True,
    ) -> Phrase:  # fmt: skip
        """A noun phrase, or with luck two of the same kind."""
        kinds = self._concepts.nouns
        partners = [other for other in others if other != name and _pairs(kinds[name], kinds[other])]
        if paired and partners and self._chance(P_PAIR):
            other = self._rng.choice(partners)
            return Pair(NounPhrase(name, definite=True), NounPhrase(other, definite=True))
        return self._noun_phrase(name, definite=definite, adjectives=adjectives, numerals=numerals)

    def _noun_phrase(
        self, name: str, *, definite: bool, adjectives: float, plurals: bool = True, numerals: bool = True
    ) -> NounPhrase:
        noun = self._concepts.nouns[name]
        described = bool(noun.adjectives) and self._chance(adjectives)
        adjective = self._rng.choice(noun.adjectives) if described else None
        plural = plurals and not noun.mass and self._chance(P_PLURAL)
        counted = plural and numerals and not definite and self._chance(P_NUMERAL)
        numeral = self._rng.choice(self._concepts.numerals) if counted else None
        return NounPhrase(name, plural, definite, adjective, numeral)

    def _chance(self, probability: float) -> bool:
        return self._rng.random() < probability

    def _pick(self, weighted: Sequence[tuple[T, float]]) -> T:
        point = self._rng.random() * sum(weight for _, weight in weighted)
        for value, weight in weighted:
            point -= weight
            if point < 0:
                return value
        return weighted[-1][0]


def frame_kind(frame: Frame) -> Kind:
    """The clause kind that a frame makes."""
    if frame.clausal:
        return "complement"
    return "transitive" if frame.objects else "intransitive"


def _pairs(noun: Noun, other: Noun) -> bool:
    """People go with people, things with things; mass nouns go with nothing."""
    return (noun.kind in PEOPLE) == (other.kind in PEOPLE) and not noun.mass and not other.mass
