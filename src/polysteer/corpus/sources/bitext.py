"""`source: bitext`: a TMX translation memory, or a text file with one column per language."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from polysteer.corpus.assembly import assemble_corpus
from polysteer.corpus.draw import Draw
from polysteer.corpus.extracts import Extract
from polysteer.corpus.origins import Bitext
from polysteer.corpus.sources.selection import select_languages
from polysteer.corpus.sources.tmx import read_units
from polysteer.corpus.table import Corpus
from polysteer.corpus.textfiles import read_lines
from polysteer.errors import CorpusError

IGNORED = "-"


class _Segment(NamedTuple):
    id: str
    line: int
    text: str


def read_corpus(origin: Bitext, draw: Draw) -> Corpus:
    """The translations of one file; their ids are their numbers in it."""
    is_tmx = origin.path.suffix.lower() == ".tmx"
    by_code = _read_tmx(origin) if is_tmx else _read_columns(origin)
    chosen = select_languages(draw.languages, by_code, origin.path)
    extracts = [
        Extract(
            lang=lang,
            file=origin.path,
            ids=[segment.id for segment in segments],
            texts=[segment.text for segment in segments],
            lines=[segment.line for segment in segments],
        )
        for lang, segments in chosen.items()
    ]
    return assemble_corpus(extracts, draw)


def _read_tmx(origin: Bitext) -> dict[str, list[_Segment]]:
    by_code: dict[str, list[_Segment]] = defaultdict(list)
    for number, unit in enumerate(read_units(origin.path), start=1):
        for variant in unit:
            by_code[variant.lang].append(_Segment(f"{number:07d}", variant.line, variant.text))
    return by_code


def _read_columns(origin: Bitext) -> dict[str, list[_Segment]]:
    if not origin.columns:
        raise CorpusError(
            f"{origin.path} is no TMX file: name the languages of its columns, as in columns: [en, ja]"
        )
    by_code: dict[str, list[_Segment]] = defaultdict(list)
    for number, line in enumerate(read_lines(origin.path), start=1):
        fields = line.split("\t")
        if len(fields) != len(origin.columns):
            raise CorpusError(
                f"{origin.path}:{number}: {len(fields)} columns, but the settings name "
                f"{len(origin.columns)}; write '{IGNORED}' in 'columns' for one to be left out"
            )
        for code, text in _named(origin.columns, fields):
            by_code[code].append(_Segment(f"{number:07d}", number, text))
    return by_code


def _named(columns: Iterable[str], fields: Iterable[str]) -> list[tuple[str, str]]:
    return [(code, text) for code, text in zip(columns, fields, strict=True) if code != IGNORED]
