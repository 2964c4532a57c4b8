"""`source: tatoeba`: LASER's test pairs, every language with English and with no other."""

from pathlib import Path

from polysteer.corpus.assembly import assemble_corpus
from polysteer.corpus.draw import Draw
from polysteer.corpus.extracts import Extract
from polysteer.corpus.languages import canonical_language
from polysteer.corpus.origins import Tatoeba
from polysteer.corpus.sources.alignment import read_aligned_files
from polysteer.corpus.sources.selection import select_languages
from polysteer.corpus.table import Corpus
from polysteer.corpus.textfiles import check_folder
from polysteer.errors import CorpusError

ENGLISH = "en"
HOLDS = "files such as tatoeba.deu-eng.deu"


def read_corpus(origin: Tatoeba, draw: Draw) -> Corpus:
    """All chosen pairs; English has the sentences of all of them, under the ids of each pair."""
    check_folder(origin.path, HOLDS)
    pairs = {path.suffix[1:]: path for path in _find_foreign_sides(origin.path)}
    others = [code for code in draw.languages if canonical_language(code) != ENGLISH]
    if draw.languages and len(others) == len(draw.languages):
        raise CorpusError("Tatoeba pairs every language with English only; add 'en' to the languages")
    if draw.languages and not others:
        raise CorpusError("Tatoeba has English only as a partner; add another language")
    extracts: list[Extract] = []
    for lang, foreign in select_languages(others, pairs, origin.path, HOLDS).items():
        code = foreign.suffix[1:]
        extracts += read_aligned_files(
            {lang: foreign, ENGLISH: foreign.with_suffix(".eng")},
            bundle=f"{code}-eng",
            prefix=f"{code}-eng/",
        )
    return assemble_corpus(extracts, draw)


def _find_foreign_sides(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob("tatoeba.*-eng.*")) if path.suffix != ".eng"]
