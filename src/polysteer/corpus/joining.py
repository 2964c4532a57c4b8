"""The corpus that settings ask for: of one source, or of several, in which no sentence is in two splits."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import pyarrow as pa

from polysteer.corpus.corpus_settings import JoinedSettings, Settings, SourceSettings
from polysteer.corpus.corpus_table import Corpus
from polysteer.corpus.draw import Draw
from polysteer.corpus.findings import Finding, Findings, find_duplicates
from polysteer.corpus.parts import Gathered, gather_parts

NAMED_BY_ID = ("incomplete", "repeated_elsewhere")


def read_corpus(settings: Settings) -> Corpus:
    """The whole text, in its splits."""
    if isinstance(settings, JoinedSettings):
        return _join_sources(settings)
    assert isinstance(settings, SourceSettings)
    return settings.read(settings.draw)


def _join_sources(settings: JoinedSettings) -> Corpus:
    """Every source is read once, and has its name before its ids.

    The source of test is read first: meanings that share a sentence with it are left out of the others.
    """
    held: dict[str, set[str]] = defaultdict(set)
    tables, found = list[pa.Table](), list[Finding]()
    for name, one in _name_sources(gather_parts(settings.parts)):
        corpus = one.part.read(
            Draw(one.sizes, settings.languages, one.take, settings.seed, one.partial, held)
        )
        for lang in corpus.languages:
            held[lang].update(*(corpus.texts(lang, split) for split in corpus.splits))
        tables.append(_prefix_ids(corpus.table, name))
        found += _prefix_findings(corpus.findings.items, name)
    table = pa.concat_tables(tables)
    found += find_duplicates(table)
    return Corpus(table, Findings(tuple(sorted(found, key=lambda item: (item.lang, item.kind)))))


def _name_sources(gathered: Sequence[Gathered]) -> Iterator[tuple[str, Gathered]]:
    """Each by the name of its source, and by a number where two of them have the same."""
    counts = Counter(one.part.name() for one in gathered)
    numbers: Counter[str] = Counter()
    for one in gathered:
        source = one.part.name()
        numbers[source] += 1
        yield (source if counts[source] == 1 else f"{source}{numbers[source]}"), one


def _prefix_ids(table: pa.Table, name: str) -> pa.Table:
    ids = pa.array([f"{name}:{id_}" for id_ in table["id"].to_pylist()], pa.string())
    return table.set_column(table.schema.get_field_index("id"), table.schema.field("id"), ids)


def _prefix_findings(found: Iterable[Finding], name: str) -> Iterator[Finding]:
    """Repeated sentences are looked for again, in all of the text."""
    for item in found:
        if item.kind in NAMED_BY_ID:
            yield replace(item, examples=tuple(f"{name}:{id_}" for id_ in item.examples))
        elif item.kind == "empty":
            yield item
