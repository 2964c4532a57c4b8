"""Which ids of several extracts name one meaning that can be used, and which of them must stay together."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import NamedTuple

from polysteer.corpus.draw import Draw
from polysteer.corpus.extracts import Extract
from polysteer.corpus.splits import Meaning
from polysteer.errors import CorpusError


class Completeness(NamedTuple):
    """The ids that may be used, and by language those that it lacks."""

    usable: set[str]
    lacking: dict[str, list[str]]


def check_ids_unique(extracts: Iterable[Extract]) -> None:
    """Refuse an id that names two sentences of one language."""
    first: dict[tuple[str, str], tuple[Extract, int]] = {}
    for extract in extracts:
        for row, id_ in enumerate(extract.ids):
            here = (extract, row)
            there = first.setdefault((extract.lang, id_), here)
            if there is not here:
                raise CorpusError(
                    f"{extract.place(row)}: the id {id_!r} of {extract.lang!r} was already used in "
                    f"{there[0].place(there[1])}; every sentence of a language needs an id of its own"
                )


def find_complete(extracts: Sequence[Extract], *, partial: bool) -> Completeness:
    """Ids that every language of their bundle has, or with `partial` all ids; and what is lacking."""
    owners: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for extract in extracts:
        owners[extract.bundle][extract.lang].update(extract.ids)
    usable: set[str] = set()
    lacking: dict[str, list[str]] = defaultdict(list)
    for by_lang in owners.values():
        everything = set.union(*by_lang.values())
        usable |= everything if partial else set.intersection(*by_lang.values())
        for lang, ids in by_lang.items():
            lacking[lang].extend(sorted(everything - ids))
    return Completeness(usable, dict(lacking))


def find_repeated(
    extracts: Iterable[Extract], usable: Set[str], avoid: Mapping[str, Set[str]]
) -> dict[str, list[str]]:
    """By language, the usable ids whose sentence is among those to avoid."""
    repeated: dict[str, list[str]] = defaultdict(list)
    for extract in extracts:
        avoided = avoid.get(extract.lang, set())
        repeated[extract.lang] += [
            id_
            for id_, text in zip(extract.ids, extract.texts, strict=True)
            if text in avoided and id_ in usable
        ]
    return dict(repeated)


def describe_meanings(extracts: Sequence[Extract], usable: set[str], draw: Draw) -> list[Meaning]:
    """Every usable id once, grouped with those that share a sentence.

    Parts that go to different splits by the user's own wish are not grouped with each other.
    """
    groups = _Groups()
    first: dict[str, tuple[Extract, int]] = {}
    holders: dict[tuple[str, frozenset[str], str], str] = {}
    for extract in extracts:
        pool = frozenset(split for split, parts in draw.take.items() if extract.part in parts)
        for row, (id_, text) in enumerate(zip(extract.ids, extract.texts, strict=True)):
            if id_ not in usable:
                continue
            other, other_row = first.setdefault(id_, (extract, row))
            if draw.take and other.part != extract.part:
                raise CorpusError(
                    f"{extract.place(row)}: the id {id_!r} is in the split {extract.part!r} here and in "
                    f"{other.part!r} in {other.place(other_row)}; a meaning belongs to one split"
                )
            groups.join(id_, holders.setdefault((extract.lang, pool, text), id_))
    return [
        Meaning(id_, extract.bundle, extract.part, groups.leader(id_)) for id_, (extract, _) in first.items()
    ]


class _Groups:
    """Which ids belong together, by joining two at a time."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def leader(self, id_: str) -> str:
        """The one id that stands for all that were joined with this one."""
        while (parent := self._parent.get(id_, id_)) != id_:
            self._parent[id_] = self._parent.get(parent, parent)
            id_ = parent
        return id_

    def join(self, first: str, second: str) -> None:
        """Make one group of the groups of two ids."""
        self._parent[self.leader(first)] = self.leader(second)
