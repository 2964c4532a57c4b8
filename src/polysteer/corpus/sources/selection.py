"""Which of a source's languages are read, and under which canonical code."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from polysteer.corpus.languages import canonical_language, given_forms, resolve_language
from polysteer.errors import CorpusError, LanguageError

Found = TypeVar("Found")


def select_languages(
    requested: Sequence[str], available: Mapping[str, Found], where: Path | str, holds: str = ""
) -> dict[str, Found]:
    """Canonical code -> what the source has for it; every language of the source where none is requested."""
    if not available:
        layout = f": it should hold {holds}" if holds else " and the layout"
        raise CorpusError(f"{where} holds no text in any language; check the path{layout}")
    try:
        if not requested:
            return {canonical: available[code] for canonical, code in given_forms(list(available)).items()}
        return {canonical_language(code): available[resolve_language(code, available)] for code in requested}
    except LanguageError as error:
        raise LanguageError(f"{where}: {error}") from error
