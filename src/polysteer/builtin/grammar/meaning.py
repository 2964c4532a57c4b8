"""What a sentence means, in no language: small frozen trees, their skeletons and the pool of each."""

import hashlib
from dataclasses import dataclass
from typing import Literal

Tense = Literal["present", "past", "future"]
Kind = Literal["transitive", "intransitive", "complement", "copula", "existential"]
Pattern = Literal["statement", "question", "because", "when", "and", "but"]
Pool = Literal["train", "eval"]

TRAIN_SHARE = 0.8
SYMMETRIC: frozenset[Pattern] = frozenset({"and"})


@dataclass(frozen=True, slots=True)
class NounPhrase:
    """A noun with what stands around it; a numeral makes it plural."""

    noun: str
    plural: bool = False
    definite: bool = True
    adjective: str | None = None
    numeral: str | None = None

    def nouns(self) -> frozenset[str]:
        """The nouns in it."""
        return frozenset({self.noun})

    def skeleton(self) -> str:
        """Concepts alone: number, definiteness and numeral are left out."""
        return f"{self.noun}[{self.adjective}]" if self.adjective else self.noun


@dataclass(frozen=True, slots=True)
class Pair:
    """Two noun phrases joined by "and"."""

    first: NounPhrase
    second: NounPhrase

    def nouns(self) -> frozenset[str]:
        """The nouns of both."""
        return self.first.nouns() | self.second.nouns()

    def skeleton(self) -> str:
        """Both conjuncts, in an order of their own, so that a swap is the same meaning."""
        return "+".join(sorted((self.first.skeleton(), self.second.skeleton())))


Phrase = NounPhrase | Pair


@dataclass(frozen=True, slots=True)
class Place:
    """Where something happens: at (in, on) a place, or near it."""

    phrase: NounPhrase
    relation: Literal["at", "near"] = "at"

    def skeleton(self) -> str:
        """Relation and place."""
        return f"{self.relation}:{self.phrase.skeleton()}"


@dataclass(frozen=True, slots=True)
class Clause:
    """One predicate with its arguments; `content` is the that-clause of a complement verb."""

    kind: Kind
    subject: Phrase
    verb: str | None = None
    object: Phrase | None = None
    adjective: str | None = None
    content: "Clause | None" = None
    place: Place | None = None
    time: str | None = None
    tense: Tense = "present"
    negated: bool = False

    def nouns(self) -> frozenset[str]:
        """All nouns but those of the place."""
        parts = [part.nouns() for part in (self.subject, self.object, self.content) if part is not None]
        return frozenset().union(*parts)

    def skeleton(self) -> str:
        """Concepts in their roles: tense and polarity are left out."""
        head = self.verb or self.adjective or "exist"
        roles = [
            self.subject.skeleton(),
            self.object.skeleton() if self.object else "",
            self.content.skeleton() if self.content else "",
            self.place.skeleton() if self.place else "",
            self.time or "",
        ]
        return f"{head}({','.join(roles)})"


@dataclass(frozen=True, slots=True)
class Meaning:
    """A whole sentence: one clause, or two that a pattern joins."""

    topic: str
    pattern: Pattern
    first: Clause
    second: Clause | None = None

    def skeleton(self) -> str:
        """Two meanings with one skeleton differ at most in features that some language does not mark."""
        if self.second is None:
            return self.first.skeleton()
        clauses = [self.first.skeleton(), self.second.skeleton()]
        if self.pattern in SYMMETRIC:
            clauses.sort()
        return f"{self.pattern}({';'.join(clauses)})"


def pool_of_skeleton(skeleton: str) -> Pool:
    """Where a skeleton belongs, for ever: decided by its hash, not by any seed."""
    digest = hashlib.sha256(skeleton.encode()).digest()
    share = int.from_bytes(digest[:8], "big") / 2**64
    return "train" if share < TRAIN_SHARE else "eval"
