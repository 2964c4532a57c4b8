"""`source: lines`: a text file per language, one sentence a line, line n of all files the same meaning."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from polysteer.corpus.extracts import Extract
from polysteer.corpus.files.aligned_lines import read_aligned_files
from polysteer.corpus.languages import select_languages
from polysteer.corpus.text_source import FileSource, Language
from polysteer.errors import CorpusError


class Lines(FileSource):
    """One file per language, one sentence a line, line n of each file the same meaning."""

    source: Literal["lines"]
    files: dict[Language, Path | dict[str, Path]] = Field(
        min_length=1, description="language: file, or language: {split: file}"
    )

    @property
    def named_languages(self) -> tuple[str, ...]:
        """Those with a file."""
        return tuple(self.files)

    def extract(self, languages: Sequence[str]) -> Iterator[Extract]:
        """The files named in the settings, with the user's own parts where they are given."""
        by_part = {code: _as_parts(files) for code, files in self.files.items()}
        chosen = select_languages(languages, by_part, "files")
        for part in sorted({part for files in chosen.values() for part in files}):
            lacking = [lang for lang, files in chosen.items() if part not in files]
            if lacking:
                raise CorpusError(
                    f"files: {lacking[0]!r} has no file for {part or 'the undivided text'!r}; add it"
                )
            files = {lang: parts[part] for lang, parts in chosen.items()}
            yield from read_aligned_files(files, part=part, prefix=f"{part}-" if part else "")


def _as_parts(files: Path | dict[str, Path]) -> dict[str, Path]:
    return files if isinstance(files, dict) else {"": files}
