"""What was noticed about a source's text and does not stop the work: counts, with a few examples."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import pyarrow as pa

Kind = Literal["empty", "duplicate", "duplicate_across_splits", "incomplete", "repeated_elsewhere"]
N_EXAMPLES = 10


@dataclass(frozen=True)
class Finding:
    """One kind of flaw in one language, how often, and where first.

    empty: a line without text, left out. duplicate: sentences with the text of another one.
    duplicate_across_splits: the same, in two splits. incomplete: meanings that lack this language.
    repeated_elsewhere: meanings left out, because a split from another source has their sentence.
    """

    kind: Kind
    lang: str
    count: int
    examples: tuple[str, ...]

    @classmethod
    def of(cls, kind: Kind, lang: str, places: Iterable[str]) -> Self:
        """Count all places, keep the first few."""
        listed = list(places)
        return cls(kind, lang, len(listed), tuple(listed[:N_EXAMPLES]))


@dataclass(frozen=True)
class Findings:
    """All that was noticed while a corpus was read."""

    items: tuple[Finding, ...] = ()

    def count(self, kind: Kind, lang: str | None = None) -> int:
        """How often one kind occurs, in one language or in all."""
        return sum(item.count for item in self.items if item.kind == kind and lang in (None, item.lang))

    def to_json(self) -> list[dict[str, Any]]:
        """Plain lists and dicts."""
        return [asdict(item) for item in self.items]

    @classmethod
    def from_json(cls, data: Iterable[dict[str, Any]]) -> Self:
        """The inverse of `to_json`."""
        return cls(tuple(Finding(**{**item, "examples": tuple(item["examples"])}) for item in data))


def find_duplicates(table: pa.Table) -> list[Finding]:
    """Sentences with the text of another one, by language: within a split, and across splits."""
    first: dict[tuple[str, str], tuple[str, str]] = {}
    pairs: dict[tuple[str, bool], list[str]] = defaultdict(list)
    columns = (table[name].to_pylist() for name in ("lang", "text", "id", "split"))
    for lang, text, id_, split in zip(*columns, strict=True):
        first_id, first_split = first.setdefault((lang, text), (id_, split))
        if first_id != id_:
            pairs[lang, first_split != split].append(f"{id_} = {first_id}")
    return [
        Finding.of("duplicate_across_splits" if across else "duplicate", lang, found)
        for (lang, across), found in pairs.items()
    ]
