"""Dealing meanings into find, dev and test: seeded, by meaning, from the parts that each may draw from."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from polysteer.corpus.draw import SPLIT_NAMES, Draw, SplitName
from polysteer.errors import CorpusError

FILL_ORDER: tuple[SplitName, ...] = ("test", "dev", "find")


_Room = dict[tuple[str, SplitName], int]


class ShortageError(CorpusError):
    """A split asks for more meanings than there are."""


class Meaning(NamedTuple):
    """One id: what it should be complete in, the source's own split, and the group it must stay with."""

    id: str
    bundle: str
    part: str
    group: str


class _Pile(NamedTuple):
    """Meanings that share a sentence and so go into the same split."""

    ids: list[str]
    parts: set[str]
    bundles: Counter[str]

    @property
    def repeats(self) -> bool:
        """Whether one set of candidates would hold the same sentence twice."""
        return max(self.bundles.values()) > 1


def deal_meanings(meanings: Sequence[Meaning], draw: Draw) -> dict[str, SplitName]:
    """The split of every id that is used.

    test is filled first, so that a larger find leaves it alone; sentences that repeat each other go to find,
    where they spoil no retrieval, unless the sizes only come out with them. Without a find they come last.
    """
    _check_parts(meanings, draw)
    piles = _pile_up(meanings, draw.seed)
    if "find" not in draw.sizes:
        piles.sort(key=lambda pile: pile.repeats)
    bundles = sorted({meaning.bundle for meaning in meanings})
    splits, lacking = _fill(piles, draw, bundles, repeats_to_find=True)
    if lacking:
        largest_first = sorted(piles, key=lambda pile: -len(pile.ids))
        splits, lacking = _fill(largest_first, draw, bundles, repeats_to_find=False)
    if lacking:
        raise ShortageError(_describe_shortage(meanings, draw, lacking))
    _check_none_empty(splits.values(), draw)
    return splits


def order_by_seed(ids: Iterable[str], seed: int) -> list[str]:
    """Ids in an order that depends on the seed and on each id alone, not on which others there are."""
    return sorted(ids, key=lambda id_: hashlib.md5(f"{seed}:{id_}".encode(), usedforsecurity=False).digest())


def _pile_up(meanings: Sequence[Meaning], seed: int) -> list[_Pile]:
    by_id = {meaning.id: meaning for meaning in meanings}
    piles: dict[str, _Pile] = {}
    for id_ in order_by_seed(by_id, seed):
        meaning = by_id[id_]
        pile = piles.setdefault(meaning.group, _Pile([], set(), Counter()))
        pile.ids.append(id_)
        pile.parts.add(meaning.part)
        pile.bundles[meaning.bundle] += 1
    return list(piles.values())


def _fill(
    piles: Iterable[_Pile], draw: Draw, bundles: Sequence[str], *, repeats_to_find: bool
) -> tuple[dict[str, SplitName], _Room]:
    """Each pile goes into the first split that may draw from its parts and has room; what stays unfilled."""
    filled = [split for split in FILL_ORDER if split in draw.sizes]
    sized = [split for split in filled if draw.sizes[split] is not None]
    order = sized + [split for split in filled if split not in sized]
    room = {(bundle, split): draw.sizes[split] or 0 for bundle in bundles for split in sized}
    splits: dict[str, SplitName] = {}
    for pile in piles:
        find_first = repeats_to_find and pile.repeats
        for split in sorted(order, key=lambda split: split != "find") if find_first else order:
            if _may_draw(split, pile, draw) and _has_room(room, split, pile):
                for bundle, count in pile.bundles.items():
                    if (bundle, split) in room:
                        room[bundle, split] -= count
                splits.update(dict.fromkeys(pile.ids, split))
                break
    return splits, {key: count for key, count in room.items() if count}


def _has_room(room: _Room, split: SplitName, pile: _Pile) -> bool:
    return all(room.get((bundle, split), count) >= count for bundle, count in pile.bundles.items())


def _may_draw(split: SplitName, pile: _Pile, draw: Draw) -> bool:
    return split not in draw.take or pile.parts <= set(draw.take[split])


def _check_parts(meanings: Sequence[Meaning], draw: Draw) -> None:
    known = {meaning.part for meaning in meanings}
    for split, parts in draw.take.items():
        unknown = set(parts) - known
        if unknown:
            shown = ", ".join(sorted(known)) if known != {""} else "none"
            raise CorpusError(
                f"{split} is to be taken from {min(unknown)!r}, but the source has no such split in these "
                f"languages; it has {shown}"
            )


def _check_none_empty(used: Iterable[SplitName], draw: Draw) -> None:
    present = set(used)
    for split in SPLIT_NAMES:
        if split in draw.sizes and split not in present:
            raise CorpusError(
                f"no sentence is left for {split}; ask for fewer in the others, or take it from another part"
            )


def _describe_shortage(meanings: Sequence[Meaning], draw: Draw, lacking: _Room) -> str:
    (bundle, split), missing = next(iter(lacking.items()))
    parts = draw.take.get(split)
    there = sum(meaning.bundle == bundle and (parts is None or meaning.part in parts) for meaning in meanings)
    where = f" in {bundle}" if bundle else ""
    source = f" from {' + '.join(parts)}" if parts else ""
    return (
        f"{split}: {draw.sizes[split]} meanings asked for, {missing} too many: {there} are there"
        f"{source}{where} for all splits, and those that repeat a sentence stay together; ask for fewer, "
        "leave out languages that lack some, or write 'partial: true'"
    )
