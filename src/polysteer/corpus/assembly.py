"""From extracts to a corpus: empty lines out, meanings dealt into splits, what was noticed written down."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from unicodedata import normalize

import pyarrow as pa

from polysteer.corpus.corpus_schema import ANNOTATIONS, SCHEMA
from polysteer.corpus.corpus_table import Corpus
from polysteer.corpus.draw import Draw, SplitName
from polysteer.corpus.extracts import Extract, Tree
from polysteer.corpus.findings import Finding, Findings, find_duplicates
from polysteer.corpus.meanings import check_ids_unique, describe_meanings, find_complete, find_repeated
from polysteer.corpus.splits import deal_meanings
from polysteer.errors import CorpusError


def assemble_corpus(extracts: Sequence[Extract], draw: Draw) -> Corpus:
    """One corpus from all extracts, split as asked for."""
    empty: dict[str, list[str]] = defaultdict(list)
    kept = [_drop_empty(extract, empty[extract.lang]) for extract in extracts]
    check_ids_unique(kept)
    usable, lacking = find_complete(kept, partial=draw.partial)
    repeated = find_repeated(kept, usable, draw.avoid)
    usable = usable.difference(*repeated.values())
    splits = deal_meanings(describe_meanings(kept, usable, draw), draw)
    table = pa.concat_tables([_tabulate(extract, splits) for extract in kept])
    found = [Finding.of("empty", lang, places) for lang, places in empty.items()]
    found += [Finding.of("incomplete", lang, ids) for lang, ids in lacking.items()]
    found += [Finding.of("repeated_elsewhere", lang, ids) for lang, ids in repeated.items()]
    found += find_duplicates(table)
    found.sort(key=lambda item: (item.lang, item.kind))
    return Corpus(table, Findings(tuple(item for item in found if item.count)))


def tabulate_rows(rows: Sequence[Mapping[str, object]]) -> Corpus:
    """One corpus from rows of the schema's columns that stand in their splits already."""
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    return Corpus(table, Findings(tuple(find_duplicates(table))))


def _drop_empty(extract: Extract, places: list[str]) -> Extract:
    """The extract in NFC without its empty sentences; where they stood is added to `places`."""
    _refuse_nul(extract)
    texts = [normalize("NFC", text).strip() for text in extract.texts]
    places.extend(extract.place(row) for row, text in enumerate(texts) if not text)
    full = [row for row, text in enumerate(texts) if text]

    def pick(column: Sequence[Any]) -> list[Any]:
        return [column[row] for row in full]

    return replace(
        extract,
        ids=pick(extract.ids),
        texts=pick(texts),
        lines=pick(extract.lines),
        topics=extract.topics and pick(extract.topics),
        trees=extract.trees and pick(extract.trees),
    )


def _refuse_nul(extract: Extract) -> None:
    for column in (extract.ids, extract.texts):
        for row, value in enumerate(column):
            if "\0" in value:
                raise CorpusError(
                    f"{extract.place(row)}: a NUL byte, as in UTF-16 and in damaged files; take it out"
                )


def _tabulate(extract: Extract, splits: Mapping[str, SplitName]) -> pa.Table:
    rows = [row for row, id_ in enumerate(extract.ids) if id_ in splits]
    columns: dict[str, list[Any]] = {
        "id": [extract.ids[row] for row in rows],
        "lang": [extract.lang] * len(rows),
        "split": [splits[extract.ids[row]] for row in rows],
        "text": [extract.texts[row] for row in rows],
        "topic": [extract.topics[row] if extract.topics else None for row in rows],
    }
    trees: list[Tree | None] = [extract.trees[row] if extract.trees else None for row in rows]
    for name in ANNOTATIONS:
        columns[name] = [tree and getattr(tree, name) for tree in trees]
    return pa.table(columns, schema=SCHEMA)
