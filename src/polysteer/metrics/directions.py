"""Retrieval as series: over all pairs, pair by pair, towards and from a target, by kind of language."""

from collections.abc import Collection, Iterator, Sequence

from polysteer.metrics.names import ALL, SEEN, UNSEEN, excluding
from polysteer.metrics.retrieval import Direction, Retrieval, select_pairs
from polysteer.metrics.series import Series
from polysteer.metrics.view import LayerView

DIRECTIONS: tuple[Direction, ...] = ("into", "out_of", "without")


def list_series(view: LayerView) -> Iterator[Series]:
    """Top-1 at every layer; where dev picked it every measure, pair, direction and kind."""
    found = view.retrieval
    yield Series("top1", ALL, ALL, found.hits())
    if view.in_detail:
        yield Series("top5", ALL, ALL, found.hits(5))
        yield Series("mrr", ALL, ALL, found.reciprocal_ranks())
        yield from list_ends(found, view.targets)
        yield from list_kinds(found, view.unseen)


def list_ends(found: Retrieval, targets: Sequence[str]) -> Iterator[Series]:
    """Top-1 of every pair, and in each target's directions."""
    hits = found.hits()
    yield from (Series("top1", *pair, hits[[i]]) for i, pair in enumerate(found.pairs))
    for target in targets:
        yield from list_directions(found, target)


def list_directions(found: Retrieval, target: str) -> Iterator[Series]:
    """Top-1 into the target, out of it, and without it."""
    ends = {"into": (ALL, target), "out_of": (target, ALL), "without": (excluding(target),) * 2}
    for direction in DIRECTIONS:
        chosen = select_pairs(found.pairs, direction, target)
        if chosen.any():
            yield Series("top1", *ends[direction], found.hits()[chosen])


def list_kinds(found: Retrieval, unseen: Collection[str]) -> Iterator[Series]:
    """Top-1 by whether the languages took part in the fit of what is erased; nothing where all did."""
    hits = found.hits()
    kinds = [tuple(UNSEEN if language in unseen else SEEN for language in pair) for pair in found.pairs]
    for source, reference in sorted(set(kinds)) if unseen else ():
        yield Series("top1", source, reference, hits[[kind == (source, reference) for kind in kinds]])
