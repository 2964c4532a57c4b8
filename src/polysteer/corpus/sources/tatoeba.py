"""`source: tatoeba`: LASER's test pairs, every language with English and with no other."""

from pathlib import Path

from polysteer.corpus.assembly import assemble_corpus
from polysteer.corpus.extracts import Extract
from polysteer.corpus.languages import canonical_language
from polysteer.corpus.settings import TatoebaSettings
from polysteer.corpus.sources.alignment import read_aligned_files
from polysteer.corpus.sources.selection import select_languages
from polysteer.corpus.table import Corpus
from polysteer.corpus.textfiles import check_folder
from polysteer.errors import CorpusError

ENGLISH = "en"


def read_corpus(settings: TatoebaSettings) -> Corpus:
    """All chosen pairs; English has the sentences of all of them, under the ids of each pair."""
    check_folder(settings.path, "files such as tatoeba.deu-eng.deu")
    pairs = {path.suffix[1:]: path for path in _find_foreign_sides(settings.path)}
    others = [code for code in settings.languages if canonical_language(code) != ENGLISH]
    if settings.languages and len(others) == len(settings.languages):
        raise CorpusError("Tatoeba pairs every language with English only; add 'en' to the languages")
    if settings.languages and not others:
        raise CorpusError("Tatoeba has English only as a partner; add another language")
    extracts: list[Extract] = []
    for lang, foreign in select_languages(others, pairs, settings.path).items():
        code = foreign.suffix[1:]
        extracts += read_aligned_files(
            {lang: foreign, ENGLISH: foreign.with_suffix(".eng")},
            bundle=f"{code}-eng",
            prefix=f"{code}-eng/",
        )
    return assemble_corpus(extracts, settings)


def _find_foreign_sides(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob("tatoeba.*-eng.*")) if path.suffix != ".eng"]
