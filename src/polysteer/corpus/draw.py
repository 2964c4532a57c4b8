"""What is drawn from a source: which languages, and how many of its meanings each split gets."""

import itertools
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Literal

SplitName = Literal["find", "dev", "test"]
SPLIT_NAMES: tuple[SplitName, ...] = ("find", "dev", "test")
Parts = tuple[str, ...]
Sizes = Mapping[SplitName, int | None]
Take = Mapping[SplitName, Parts]


@dataclass(frozen=True)
class Draw:
    """The same for every source.

    sizes: the splits that are filled, each with its number of meanings, None for all that are left.
    take: which of the source's own splits each is drawn from; absent: from all of them.
    avoid: by language, sentences that stand elsewhere in the corpus: meanings that have one are left out.
    """

    sizes: Sizes
    languages: tuple[str, ...] = ()
    take: Take = field(default_factory=dict)
    seed: int = 0
    partial: bool = False
    avoid: Mapping[str, Set[str]] = field(default_factory=dict)


def find_rivals(sizes: Sizes, take: Take) -> tuple[SplitName, SplitName] | None:
    """Two splits that would both take all that is left of the same sentences, if there are such."""
    greedy = [split for split in SPLIT_NAMES if split in sizes and sizes[split] is None]
    for first, second in itertools.combinations(greedy, 2):
        parts_a, parts_b = take.get(first), take.get(second)
        if parts_a is None or parts_b is None or set(parts_a) & set(parts_b):
            return first, second
    return None
