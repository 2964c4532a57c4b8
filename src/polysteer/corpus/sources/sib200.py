"""`source: sib200`: FLORES sentences with one of seven topics, three CSV-quoted files per language."""

import csv
import io
from pathlib import Path

from polysteer.corpus.assembly import assemble_corpus
from polysteer.corpus.draw import Draw
from polysteer.corpus.extracts import Extract
from polysteer.corpus.origins import Sib200
from polysteer.corpus.sources.selection import select_languages
from polysteer.corpus.table import Corpus
from polysteer.corpus.textfiles import check_folder, read_text
from polysteer.errors import CorpusError

HOLDS = "one folder per language, such as eng_Latn, with train.tsv in it"
PARTS = ("train", "dev", "test")
HEADER = ["index_id", "category", "text"]


def read_corpus(origin: Sib200, draw: Draw) -> Corpus:
    """Every part of every chosen language; index_id aligns the languages."""
    check_folder(origin.path, HOLDS)
    folders = {path.parent.name: path.parent for path in sorted(origin.path.glob("*/train.tsv"))}
    chosen = select_languages(draw.languages, folders, origin.path, HOLDS)
    extracts = [
        _read_file(folder / f"{part}.tsv", lang, part) for lang, folder in chosen.items() for part in PARTS
    ]
    return assemble_corpus(extracts, draw)


def _read_file(path: Path, lang: str, part: str) -> Extract:
    reader = csv.reader(io.StringIO(read_text(path), newline=""), delimiter="\t", strict=True)
    rows, lines, line = list[list[str]](), list[int](), 1
    try:
        header = next(reader, [])
        if header != HEADER:
            raise CorpusError(f"{path}:1: the columns are {header}, they should be {HEADER}")
        line = reader.line_num + 1
        for row in reader:
            if len(row) != len(HEADER):
                raise CorpusError(f"{path}:{line}: {len(row)} fields, there should be {len(HEADER)}: {row}")
            rows.append(row)
            lines.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        raise CorpusError(f"{path}:{line}: not a CSV-quoted row: {error}; get the file anew") from error
    return Extract(
        lang=lang,
        file=path,
        ids=[row[0] for row in rows],
        topics=[row[1] for row in rows],
        texts=[row[2] for row in rows],
        lines=lines,
        part=part,
    )
