"""Language codes in any usual form (ISO 639, BCP-47, FLORES `jpn_Jpan`) and their one canonical form."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TypeVar

from langcodes import Language, standardize_tag, tag_is_valid
from langcodes.data_dicts import MACROLANGUAGES
from langcodes.tag_parser import LanguageTagError

from polysteer.errors import CorpusError, LanguageError

N_SHOWN = 20
Found = TypeVar("Found")


@cache
def canonical_language(code: str) -> str:
    """The shortest BCP-47 tag of a language: `jpn_Jpan`, `jpn` and `JA` are all `ja`.

    `zho_Hans` is `zh-Hans`: a script is left out only where the registry of tags says that it is understood.
    """
    try:
        valid = tag_is_valid(code) and Language.get(code).language is not None
    except LanguageTagError:
        valid = False
    if not valid:
        raise LanguageError(f"{code!r} is not a language code{_remedy(code)}")
    exact = standardize_tag(code, macro=False)
    has_own_short_code = len(Language.get(exact).language or "") == 2
    return exact if has_own_short_code else standardize_tag(code, macro=True)


def resolve_language(code: str, available: Iterable[str]) -> str:
    """The member of `available` that names the same language, each in whatever form it has.

    First the very same, then a country's usual script (`zh-TW`: `zho_Hant`), then a code without script or
    dialect (`zh`, `no`) may stand for a more exact one, if there is just one.
    """
    by_canonical = {canonical_language(other): other for other in sorted(available)}
    wanted = canonical_language(code)
    attempts = (
        [exact for exact in by_canonical if exact == wanted],
        [exact for exact in by_canonical if exact == _without_territory(wanted)],
        [exact for exact in by_canonical if Language.get(exact).language == wanted],
        [exact for exact in by_canonical if MACROLANGUAGES.get(Language.get(exact).language or "") == wanted],
    )
    matches = [by_canonical[exact] for exact in next(filter(None, attempts), [])]
    if len(matches) > 1:
        raise LanguageError(f"{code!r} is ambiguous here: write one of {', '.join(matches)}")
    if not matches:
        raise LanguageError(
            f"there is no text in {code!r}{suggest_language(code, list(by_canonical.values()))}"
        )
    return matches[0]


def given_forms(codes: Sequence[str]) -> dict[str, str]:
    """Canonical form -> the user's own, in the order given; one language under two names is refused."""
    forms: dict[str, str] = {}
    for code in codes:
        canonical = canonical_language(code)
        if canonical in forms:
            raise LanguageError(f"{forms[canonical]!r} and {code!r} are the same language; keep one of them")
        forms[canonical] = code
    return forms


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


def suggest_language(code: str, available: Sequence[str]) -> str:
    """'; nearest: ...' for a long list of languages, else all that are there."""
    if len(available) > N_SHOWN:
        near = get_close_matches(code, available, n=3, cutoff=0.5)
        return f"; nearest of {len(available)}: {', '.join(near or available[:3])}"
    return f"; there is {', '.join(available)}" if available else "; there is none at all"


def _without_territory(code: str) -> str:
    """`zh-TW` is `zh-Hant`, `en-GB` is `en`."""
    language = Language.get(code)
    if not language.territory:
        return code
    likely = language.maximize()
    return canonical_language(f"{likely.language}-{likely.script}")


def _remedy(code: str) -> str:
    """What a mistaken code may have meant: often it is a country's."""
    if len(code) == 2 and code.isalpha():
        spoken = Language.make(territory=code.upper()).maximize().language
        if spoken and spoken != "und" and standardize_tag(spoken) != "en":
            return f": it is a country's; did you mean {spoken!r}?"
    return "; write it as ISO 639 (ja, jpn), BCP-47 (zh-Hant) or FLORES (jpn_Jpan)"
