"""Files that translate each other line by line: checked to be as long as each other, and numbered."""

from collections.abc import Mapping
from pathlib import Path

from polysteer.corpus.extracts import Extract
from polysteer.corpus.files.textfiles import read_lines
from polysteer.errors import CorpusError


def read_aligned_files(
    files: Mapping[str, Path], *, part: str = "", bundle: str = "", prefix: str = ""
) -> list[Extract]:
    """One extract per language; the id of a sentence is the prefix and its line's number."""
    texts = {lang: read_lines(path) for lang, path in files.items()}
    _check_lengths(files, {lang: len(lines) for lang, lines in texts.items()})
    return [
        Extract(
            lang=lang,
            file=path,
            ids=[f"{prefix}{line:07d}" for line in range(1, len(texts[lang]) + 1)],
            texts=texts[lang],
            lines=range(1, len(texts[lang]) + 1),
            part=part,
            bundle=bundle,
        )
        for lang, path in files.items()
    ]


def _check_lengths(files: Mapping[str, Path], n_lines: Mapping[str, int]) -> None:
    longest = max(n_lines, key=lambda lang: n_lines[lang])
    if not n_lines[longest]:
        raise CorpusError(f"{files[longest]} is empty; every language needs its sentences")
    for lang, count in n_lines.items():
        if count != n_lines[longest]:
            raise CorpusError(
                f"{files[lang]}:{count}: the file ends here, but {files[longest]} has "
                f"{n_lines[longest]} lines; line n must be the same sentence in every file, and "
                "empty where there is no translation"
            )
