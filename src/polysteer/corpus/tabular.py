"""A corpus from tables: which languages they hold, and how much of a large one has to be read."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from polysteer.corpus.assembly import assemble_corpus
from polysteer.corpus.corpus_table import Corpus
from polysteer.corpus.draw import Draw
from polysteer.corpus.extracts import Extract
from polysteer.corpus.files.columns import (
    Columns,
    Sample,
    check_columns,
    count_ids,
    list_values,
    read_columns,
)
from polysteer.corpus.files.patterns import FoundFile
from polysteer.corpus.languages import select_languages
from polysteer.corpus.splits import ShortageError

WIDE = "text:"
SPARE = 1.2
GROWTH = 4.0


class _Place(NamedTuple):
    """Where a language stands: a file, and the code that marks it there."""

    file: FoundFile
    code: str


def read_tables(files: Sequence[FoundFile], columns: Columns, draw: Draw) -> Corpus:
    """Of a large table, only about as many meanings are read as the splits need, the same ones every time."""
    for file in files:
        check_columns(file.path, columns)
    chosen = _choose(files, columns, draw.languages)
    share = _share_needed(files, columns, draw)
    while True:
        sample = Sample(draw.seed, share) if share < 1 else None
        try:
            return assemble_corpus(list(_extract(chosen, columns, sample)), draw)
        except ShortageError:
            if sample is None:
                raise
            share *= GROWTH


def _choose(
    files: Sequence[FoundFile], columns: Columns, languages: Sequence[str]
) -> dict[str, list[_Place]]:
    """Canonical language -> every place that holds it."""
    available: dict[str, list[_Place]] = defaultdict(list)
    for file in files:
        for code in _codes_in(file, columns):
            available[code].append(_Place(file, code))
    return select_languages(languages, available, files[0].path.parent)


def _codes_in(file: FoundFile, columns: Columns) -> list[str]:
    if "lang" in columns:
        return list_values(file.path, columns["lang"])
    named = [role.removeprefix(WIDE) for role in columns if role.startswith(WIDE)]
    return named or [file.lang or ""]


def _share_needed(files: Sequence[FoundFile], columns: Columns, draw: Draw) -> float:
    sizes = draw.sizes.values()
    if None in sizes:
        return 1.0
    there = max(count_ids(file.path, columns) for file in files)
    wanted = sum(size for size in sizes if size) * SPARE + 1000
    return wanted / max(there, 1)


def _extract(
    chosen: Mapping[str, Sequence[_Place]], columns: Columns, sample: Sample | None
) -> Iterator[Extract]:
    """Every file is read once, for all the languages that it holds."""
    by_file: dict[FoundFile, dict[str, str]] = defaultdict(dict)
    for lang, places in chosen.items():
        for place in places:
            by_file[place.file][lang] = place.code
    for file, codes in by_file.items():
        members = list(codes.values()) if "lang" in columns else []
        rows = read_columns(file.path, columns, sample=sample, languages=members)
        for lang, code in codes.items():
            own = rows.filter(pc.equal(rows["lang"], code)) if "lang" in columns else rows
            yield from _divide(own, file, lang, "text" if "text" in columns else f"{WIDE}{code}")


def _divide(rows: pa.Table, file: FoundFile, lang: str, text: str) -> Iterator[Extract]:
    """One extract for every split that the table or the file's name gives."""
    if "split" not in rows.column_names:
        rows = rows.append_column("split", pa.array([file.split or ""] * rows.num_rows, pa.string()))
    parts = pc.fill_null(rows["split"], "")
    for part in parts.unique().to_pylist():
        columns: dict[str, list[Any]] = rows.filter(pc.equal(parts, part)).to_pydict()
        yield Extract(
            lang=lang,
            file=file.path,
            ids=columns["id"],
            texts=[value or "" for value in columns[text]],
            lines=columns["row"],
            part=part,
            topics=columns.get("topic"),
        )
