"""`source: lines`: a text file per language, one sentence a line, line n of all files the same meaning."""

from pathlib import Path

from polysteer.corpus.assembly import assemble_corpus
from polysteer.corpus.draw import Draw
from polysteer.corpus.extracts import Extract
from polysteer.corpus.origins import Lines
from polysteer.corpus.sources.alignment import read_aligned_files
from polysteer.corpus.sources.selection import select_languages
from polysteer.corpus.table import Corpus
from polysteer.errors import CorpusError


def read_corpus(origin: Lines, draw: Draw) -> Corpus:
    """The files named in the settings, with the user's own parts where they are given."""
    by_part = {code: _as_parts(files) for code, files in origin.files.items()}
    chosen = select_languages(draw.languages, by_part, "files")
    extracts: list[Extract] = []
    for part in sorted({part for files in chosen.values() for part in files}):
        lacking = [lang for lang, files in chosen.items() if part not in files]
        if lacking:
            raise CorpusError(
                f"files: {lacking[0]!r} has no file for {part or 'the undivided text'!r}; add it"
            )
        files = {lang: parts[part] for lang, parts in chosen.items()}
        extracts += read_aligned_files(files, part=part, prefix=f"{part}-" if part else "")
    return assemble_corpus(extracts, draw)


def _as_parts(files: Path | dict[str, Path]) -> dict[str, Path]:
    return files if isinstance(files, dict) else {"": files}
