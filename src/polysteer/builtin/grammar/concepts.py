"""Reads concepts.yaml: which words exist, what fits what, and who does what to whom in which topic."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from polysteer.errors import CorpusError

CONCEPTS_FILE = Path(__file__).parent / "concepts.yaml"
POS = ("nouns", "verbs", "adjectives", "times", "numerals")


@dataclass(frozen=True, slots=True)
class Noun:
    """A noun's semantic class, home topic and affinities."""

    id: str
    kind: str
    topic: str
    adjectives: tuple[str, ...]
    places: tuple[str, ...]
    mass: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """Who does what to whom: `objects` is empty for an intransitive verb, `clausal` for a that-clause."""

    topic: str
    verb: str
    subjects: tuple[str, ...]
    objects: tuple[str, ...]
    clausal: bool
    places: tuple[str, ...] | None
    needs_place: bool


@dataclass(frozen=True)
class Concepts:
    """The whole language-neutral inventory."""

    topics: tuple[str, ...]
    nouns: Mapping[str, Noun]
    verbs: tuple[str, ...]
    states: frozenset[str]
    adjectives: tuple[str, ...]
    times: Mapping[str, frozenset[str]]
    numerals: tuple[str, ...]
    frames: tuple[Frame, ...]

    def ids(self, pos: str) -> tuple[str, ...]:
        """All concept ids of one part of speech, in file order."""
        members: Iterable[str] = getattr(self, pos)
        return tuple(members)


@cache
def load_concepts() -> Concepts:
    """The built-in inventory, read once."""
    return read_concepts(CONCEPTS_FILE)


def read_concepts(path: Path) -> Concepts:
    """The inventory in a file, checked."""
    raw: dict[str, Any] = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    states, traits = raw["adjectives"]["states"].split(), raw["adjectives"]["traits"].split()
    concepts = Concepts(
        topics=tuple(raw["topics"]),
        nouns={name: _noun(name, entry) for name, entry in raw["nouns"].items()},
        verbs=tuple(raw["verbs"].split()),
        states=frozenset(states),
        adjectives=tuple(sorted(states + traits)),
        times={name: frozenset(tenses.split()) for name, tenses in raw["times"].items()},
        numerals=tuple(raw["numerals"].split()),
        frames=tuple(_frame(topic, line) for topic, lines in raw["frames"].items() for line in lines),
    )
    _check(concepts)
    return concepts


def _noun(name: str, entry: Mapping[str, str]) -> Noun:
    return Noun(
        id=name,
        kind=entry["class"],
        topic=entry["topic"],
        adjectives=tuple(entry.get("adjectives", "").split()),
        places=tuple(entry.get("places", "").split()),
        mass=entry.get("count") == "mass",
    )


def _frame(topic: str, line: str) -> Frame:
    frame, _, places = line.partition(" @ ")
    subjects, verb, *objects = (part.strip() for part in frame.split(">"))
    clausal = objects == ["*"]
    return Frame(
        topic=topic,
        verb=verb,
        subjects=tuple(subjects.split()),
        objects=() if clausal or not objects else tuple(objects[0].split()),
        clausal=clausal,
        places=tuple(places.replace("-", " ").replace("!", " ").split()) if places else None,
        needs_place=places.startswith("!"),
    )


def _check(concepts: Concepts) -> None:
    """Every id used is known, none stands for two things, and what happens says its topic."""
    ids = [name for pos in POS for name in concepts.ids(pos)]
    _refuse("ids used twice", {name for name in ids if ids.count(name) > 1})
    fitting = {word for noun in concepts.nouns.values() for word in noun.adjectives}
    _refuse("adjectives without an entry", fitting - set(concepts.adjectives))
    _refuse("adjectives that no noun takes", set(concepts.adjectives) - fitting)
    used = {word for noun in concepts.nouns.values() for word in noun.places}
    for frame in concepts.frames:
        used |= {*frame.subjects, *frame.objects, *(frame.places or ())}
    _refuse("nouns without an entry", used - set(concepts.nouns))
    _refuse("nouns that no frame uses", {n for n in concepts.nouns if n not in used})
    _refuse("verbs without an entry", {frame.verb for frame in concepts.frames} - set(concepts.verbs))
    _refuse("verbs without a frame", set(concepts.verbs) - {frame.verb for frame in concepts.frames})
    _refuse("topics unknown", {noun.topic for noun in concepts.nouns.values()} - set(concepts.topics))
    _check_topics(concepts)


def _check_topics(concepts: Concepts) -> None:
    topic_of: dict[tuple[str, str, str], str] = {}
    for frame in concepts.frames:
        for subject in frame.subjects:
            for target in frame.objects or ("*" if frame.clausal else "",):
                triple = (subject, frame.verb, target)
                topic = topic_of.setdefault(triple, frame.topic)
                _refuse("triples in two topics", {triple} if topic != frame.topic else ())


def _refuse(what: str, found: Iterable[object]) -> None:
    listed = sorted(map(str, found))
    if listed:
        raise CorpusError(f"concepts.yaml: {what}: {', '.join(listed)}. Correct the file.")
