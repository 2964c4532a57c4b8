"""Masks drawn for a terminal."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table

from polysteer.masks.metadata import MaskMetadata
from polysteer.numbers import write_size

if TYPE_CHECKING:
    from polysteer.masks.sets import Comparison, Overlap
    from polysteer.masks.subspace_metadata import SubspaceMetadata
    from polysteer.masks.summary import BlockCount, Neuron
    from polysteer.sharing.catalogue import CatalogueEntry

BAR_CELLS = 40
SHORT_METHODS = {"mean_difference": "means"}  # a subspace's, in a table of 80 columns
_TOLD_ELSEWHERE = ("format", "format_version", "sites", "width_by_site")
_OF_CONTROLS = ("control_of", "draw", "seed")


def draw_catalogue(entries: "Sequence[CatalogueEntry]") -> RenderableType:
    """A line per mask; a damaged one says so, and why below the table."""
    swept = _list_swept(entries)
    table = _table("experiment", "language", "score", "experts", "k", "held at", *swept, "neurons", "")
    for entry in entries:
        state = "damaged" if entry.metadata is None else "chosen" if entry.label == "chosen" else ""
        *facts, n_neurons = _list_facts(entry)
        places = (tell(entry.metadata) for tell in swept.values())
        cells = map(_cell, (entry.language, *facts, *places, n_neurons))
        table.add_row(entry.experiment, *cells, state)
    problems = [Padding(entry.problem, (0, 1)) for entry in entries if entry.problem]
    return Group(table, *problems)


def _list_swept(entries: "Sequence[CatalogueEntry]") -> dict[str, Callable[[object], str | None]]:
    """Columns for what an experiment has masks of several of: sites, poolings of responses."""
    found = {"sites": _tell_sites, "pooling": _tell_pooling}
    names = {entry.experiment for entry in entries}
    return {
        title: tell
        for title, tell in found.items()
        if any(
            len({tell(entry.metadata) for entry in entries if entry.experiment == name} - {None}) > 1
            for name in names
        )
    }


def _tell_sites(known: object) -> str | None:
    return "+".join(known.sites) if isinstance(known, MaskMetadata) else None


def _tell_pooling(known: object) -> str | None:
    return known.pool if isinstance(known, MaskMetadata) else None


def _list_facts(entry: "CatalogueEntry") -> tuple[object, ...]:
    """What stands under score, experts, k, held at and neurons; of a subspace its method alone."""
    known = entry.metadata
    if known is None:
        return (None,) * 5
    if isinstance(known, MaskMetadata):
        return known.score, known.experts, _size(known.k), known.value_statistic, entry.n_neurons
    return SHORT_METHODS.get(known.method, known.method), "subspace", None, None, None


def draw_mask(
    content: str,
    known: "MaskMetadata | SubspaceMetadata",
    counts: "Sequence[BlockCount]",
    best: "Sequence[Neuron]",
) -> RenderableType:
    """What a mask says of itself, its neurons by site and block, and the best of them."""
    about = _table("", content)
    about.columns[1].justify, about.columns[1].no_wrap = "left", False
    facts = known.model_dump(exclude=set(_TOLD_ELSEWHERE))
    facts["k"] = _size(facts.get("k"))
    for name, value in facts.items():
        if value is not None:
            about.add_row(name, ", ".join(value) if isinstance(value, list) else _cell(value))
    not_due = () if known.draw is not None else _OF_CONTROLS
    unknown = [name for name, value in known.model_dump(exclude=set(not_due)).items() if value is None]
    parts: list[RenderableType] = [about, Padding(f"Not known: {', '.join(unknown)}", (0, 1, 1, 1))]
    parts += [_draw_site(site, list(blocks)) for site, blocks in groupby(counts, lambda count: count.site)]
    return Group(*parts, _draw_best(best)) if best else Group(*parts)


def _draw_site(site: str, counts: "list[BlockCount]") -> Table:
    table = _table(
        "block", "neurons", "share", "", title=f"{site}: {sum(c.n_neurons for c in counts)} neurons"
    )
    table.columns[3].justify = "left"
    most = max(count.n_neurons for count in counts)
    for count in counts:
        bar = "█" * max(1, round(BAR_CELLS * count.n_neurons / most))
        share = "-" if count.share is None else f"{100 * count.share:.1f} %"
        table.add_row(str(count.block), str(count.n_neurons), share, bar)
    return table


def _draw_best(best: "Sequence[Neuron]") -> Table:
    scored = best[0].score is not None
    table = _table(
        "site", "block", "unit", "score", "value", title="Best neurons" if scored else "First neurons"
    )
    for neuron in best:
        table.add_row(*map(_cell, neuron))
    return table


def draw_comparison(found: "Comparison", first: str, second: str) -> RenderableType:
    """Two masks, in all and by site and block."""
    table = _table("site", "block", "A", "B", "common", "Jaccard")
    table.add_row("all", "", *_overlap_cells(found.total), end_section=True)
    for part in found.by_block:
        table.add_row(part.site, str(part.block), *_overlap_cells(part.overlap))
    return Group(Padding(f"A {first}\nB {second}", (1, 1, 0, 1)), table)


def draw_matrix(names: Sequence[str], jaccard: Sequence[Sequence[float]]) -> RenderableType:
    """A line and a column per mask."""
    table = _table("Jaccard", *names)
    for name, row in zip(names, jaccard, strict=True):
        table.add_row(name, *(f"{value:.3f}" for value in row))
    return table


def _overlap_cells(overlap: "Overlap") -> tuple[str, ...]:
    return (*map(str, overlap), f"{overlap.jaccard:.3f}")


def _table(first: str, *others: str, title: str | None = None) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 0, 0, 1)
    )
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _size(k: float | None) -> str | None:
    return None if k is None else write_size(k)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
