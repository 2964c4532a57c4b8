"""Masks as tables."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from polysteer.cli.sheets import write_cell
from polysteer.grid import Grid
from polysteer.masks.metadata import MaskMetadata
from polysteer.numbers import write_size

if TYPE_CHECKING:
    from polysteer.cli.sheets import Part
    from polysteer.masks.sets import Comparison, Overlap
    from polysteer.masks.subspace_metadata import SubspaceMetadata
    from polysteer.masks.summary import BlockCount, Neuron
    from polysteer.sharing.catalogue import CatalogueEntry

BAR_CELLS = 40
SHORT_METHODS = {"mean_difference": "means"}  # a subspace's, in a table of 80 columns
_TOLD_ELSEWHERE = {"format", "format_version", "sites", "width_by_site", "chosen"}
_OF_CONTROLS = ("control_of", "draw", "seed")


def list_catalogue(entries: "Sequence[CatalogueEntry]") -> "Iterator[Part]":
    """A line per mask, and below the table their files in the same order; a damaged one says so, and why."""
    swept = _list_swept(entries)
    yield Grid(
        "",
        ("experiment", "language", "score", "experts", "k", "held at", *swept, "neurons", ""),
        tuple(_list_cells(entry, swept) for entry in entries),
    )
    yield from (str(entry.path) for entry in entries)
    yield from (entry.problem for entry in entries if entry.problem)


def _list_cells(
    entry: "CatalogueEntry", swept: "Mapping[str, Callable[[MaskMetadata], str | None]]"
) -> tuple[str, ...]:
    """Of a subspace its method alone."""
    known = entry.metadata
    facts: tuple[object, ...] = (None,) * (4 + len(swept))
    if isinstance(known, MaskMetadata):
        facts = (known.score, known.experts, _size(known.k), known.value_statistic)
        facts += tuple(tell(known) for tell in swept.values())
    elif known is not None:
        facts = (SHORT_METHODS.get(known.method, known.method), "subspace", *facts[2:])
    state = "damaged" if known is None else "chosen" if entry.label == "chosen" else ""
    return (entry.experiment, *map(write_cell, (entry.language, *facts, entry.n_neurons)), state)


def _list_swept(entries: "Sequence[CatalogueEntry]") -> dict[str, Callable[[MaskMetadata], str | None]]:
    """Columns for what an experiment has masks of several of: sites, poolings of responses."""
    columns: dict[str, Callable[[MaskMetadata], str | None]] = {
        "sites": lambda known: "+".join(known.sites),
        "pooling": lambda known: known.pool,
    }
    known = [(one.experiment, one.metadata) for one in entries if isinstance(one.metadata, MaskMetadata)]
    found = {}
    for title, tell in columns.items():
        told = {(name, tell(one)) for name, one in known if tell(one) is not None}
        if len(told) > len({name for name, _ in told}):
            found[title] = tell
    return found


def list_mask(
    content: str,
    known: "MaskMetadata | SubspaceMetadata",
    counts: "Sequence[BlockCount]",
    best: "Sequence[Neuron]",
) -> "Iterator[Part]":
    """What a mask says of itself, its neurons by site and block, and the best of them."""
    facts = known.model_dump(exclude=_TOLD_ELSEWHERE)
    facts |= {"k": _size(facts.get("k")), "chosen with": known.chosen and known.chosen.tell()}
    told = [
        (name, ", ".join(value) if isinstance(value, list) else write_cell(value))
        for name, value in facts.items()
        if value is not None
    ]
    yield Grid("", ("", content), tuple(told))
    not_due = {"chosen", *(() if known.draw is not None else _OF_CONTROLS)}
    unknown = [name for name, value in known.model_dump(exclude=not_due).items() if value is None]
    yield Grid("", (), ((f"Not known: {', '.join(unknown)}",),))  # which folds, as a line would not
    for site, blocks in groupby(counts, lambda count: count.site):
        yield _list_site(site, list(blocks))
    if best:
        title = "First neurons" if best[0].score is None else "Best neurons"
        lines = tuple(tuple(map(write_cell, neuron)) for neuron in best)
        yield Grid(title, ("site", "block", "unit", "score", "value"), lines)


def _list_site(site: str, counts: "list[BlockCount]") -> Grid:
    most = max(count.n_neurons for count in counts)
    lines = [
        (
            str(count.block),
            str(count.n_neurons),
            "-" if count.share is None else f"{100 * count.share:.1f} %",
            "█" * max(1, round(BAR_CELLS * count.n_neurons / most)),
        )
        for count in counts
    ]
    title = f"{site}: {sum(count.n_neurons for count in counts)} neurons"
    return Grid(title, ("block", "neurons", "share", ""), tuple(lines))


def list_comparison(found: "Comparison", first: str, second: str) -> "Iterator[Part]":
    """Two masks, in all and by site and block."""
    lines = [(part.site, str(part.block), *_overlap_cells(part.overlap)) for part in found.by_block]
    total = ("all", "", *_overlap_cells(found.total))
    header = ("site", "block", "A", "B", "common", "Jaccard")
    yield Grid(f"A {first}\nB {second}", header, (total, (), *lines))


def list_matrix(names: Sequence[str], jaccard: Sequence[Sequence[float]]) -> "Iterator[Part]":
    """A line and a column per mask."""
    lines = [(name, *(f"{value:.3f}" for value in row)) for name, row in zip(names, jaccard, strict=True)]
    yield Grid("", ("Jaccard", *names), tuple(lines))


def _overlap_cells(overlap: "Overlap") -> tuple[str, ...]:
    return (*map(str, overlap), f"{overlap.jaccard:.3f}")


def _size(k: float | None) -> str | None:
    return None if k is None else write_size(k)
