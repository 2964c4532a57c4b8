"""`source: tatoeba`: LASER's test pairs, every language with English and with no other."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from polysteer.corpus.extracts import Extract
from polysteer.corpus.files.aligned_lines import read_aligned_files
from polysteer.corpus.files.textfiles import check_folder
from polysteer.corpus.languages import canonical_language, select_languages
from polysteer.corpus.text_source import FileSource
from polysteer.errors import CorpusError

ENGLISH = "en"
HOLDS = "files such as tatoeba.deu-eng.deu"


class Tatoeba(FileSource):
    """LASER's Tatoeba test pairs, each language with English; sizes count per pair."""

    source: Literal["tatoeba"]
    path: Path = Field(description="the folder that holds tatoeba.xxx-eng.xxx and .eng")

    def extract(self, languages: Sequence[str]) -> Iterator[Extract]:
        """All chosen pairs; English has the sentences of all of them, under the ids of each pair."""
        check_folder(self.path, HOLDS)
        pairs = {path.suffix[1:]: path for path in _find_foreign_sides(self.path)}
        others = _leave_out_english(languages)
        for lang, foreign in select_languages(others, pairs, self.path, HOLDS).items():
            code = foreign.suffix[1:]
            yield from read_aligned_files(
                {lang: foreign, ENGLISH: foreign.with_suffix(".eng")},
                bundle=f"{code}-eng",
                prefix=f"{code}-eng/",
            )


def _leave_out_english(languages: Sequence[str]) -> list[str]:
    """English has to be asked for, with others."""
    others = [code for code in languages if canonical_language(code) != ENGLISH]
    if languages and len(others) == len(languages):
        raise CorpusError("Tatoeba pairs every language with English only; add 'en' to the languages")
    if languages and not others:
        raise CorpusError("Tatoeba has English only as a partner; add another language")
    return others


def _find_foreign_sides(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob("tatoeba.*-eng.*")) if path.suffix != ".eng"]
