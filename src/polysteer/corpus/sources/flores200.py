"""`source: flores200`: FLORES-200 as distributed, and FLORES+ with a table per language."""

from collections import defaultdict
from pathlib import Path

from polysteer.corpus.assembly import assemble_corpus
from polysteer.corpus.draw import Draw
from polysteer.corpus.extracts import Extract
from polysteer.corpus.origins import Flores200
from polysteer.corpus.sources.alignment import read_aligned_files
from polysteer.corpus.sources.columns import Columns, check_columns, read_columns
from polysteer.corpus.sources.selection import select_languages
from polysteer.corpus.table import Corpus
from polysteer.corpus.textfiles import check_folder
from polysteer.errors import CorpusError

HOLDS = "the folders dev and devtest, with files such as dev/eng_Latn.dev"
PARTS = ("dev", "devtest")
TABLE_SUFFIXES = (".jsonl", ".parquet")


def read_corpus(origin: Flores200, draw: Draw) -> Corpus:
    """Both halves of FLORES, each language's file of each half."""
    check_folder(origin.path, HOLDS)
    available = _find_files(origin.path)
    chosen = select_languages(draw.languages, available, origin.path, HOLDS)
    parts = sorted({part for files in available.values() for part in files})
    extracts: list[Extract] = []
    for part in parts:
        files = {lang: _file_of_part(by_part, part) for lang, by_part in chosen.items()}
        plain = {lang: path for lang, path in files.items() if path.suffix == f".{part}"}
        if plain:
            extracts += read_aligned_files(plain, part=part, prefix=f"{part}-")
        extracts += [
            _read_table(path, lang, part) for lang, path in files.items() if path.suffix in TABLE_SUFFIXES
        ]
    return assemble_corpus(extracts, draw)


def _find_files(folder: Path) -> dict[str, dict[str, Path]]:
    """Language code in the file names -> part -> file."""
    found: dict[str, dict[str, Path]] = defaultdict(dict)
    for part in PARTS:
        for path in sorted((folder / part).glob("*.*")):
            if path.suffix in (f".{part}", *TABLE_SUFFIXES):
                found[path.stem][part] = path
    return dict(found)


def _file_of_part(by_part: dict[str, Path], part: str) -> Path:
    if part not in by_part:
        there = next(iter(by_part.values()))
        raise CorpusError(f"{there} has no counterpart in {there.parent.parent / part}; get the missing file")
    return by_part[part]


def _read_table(path: Path, lang: str, part: str) -> Extract:
    """FLORES+ numbers the sentences of each half from 0; the plain files' lines count from 1."""
    columns = Columns(id="id", text="text")
    check_columns(path, columns)
    rows = read_columns(path, columns)
    for id_, row in zip(rows["id"].to_pylist(), rows["row"].to_pylist(), strict=True):
        if not id_.isdecimal():
            raise CorpusError(f"{path}:{row}: the id {id_!r} is no number; FLORES+ numbers its sentences")
    return Extract(
        lang=lang,
        file=path,
        ids=[f"{part}-{int(id_) + 1:07d}" for id_ in rows["id"].to_pylist()],
        texts=[text or "" for text in rows["text"].to_pylist()],
        lines=rows["row"].to_pylist(),
        part=part,
    )
