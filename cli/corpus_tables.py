"""What a corpus holds, as tables."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from polysteer.corpus.corpus_inspection import Inspection, LanguageInspection, Lengths
from polysteer.grid import Grid

if TYPE_CHECKING:
    from polysteer.cli.sheets import Part

N_FINDINGS_SHOWN = 12
EXPLANATION = (
    "characters, tokens per sentence: median, and what 95 % stay below;\nmax: the longest, in tokens"
)
FINDINGS = {
    "empty": "lines without text, left out",
    "incomplete": "meanings that are missing here",
    "repeated_elsewhere": "meanings left out, whose sentence another source has for dev or test",
    "duplicate": "sentences that repeat another one of the same split",
    "duplicate_across_splits": "sentences that repeat one of another split",
}


def list_inspection(found: Inspection) -> "Iterator[Part]":
    """Languages and how they pair up, then what was noticed, then a few aligned rows."""
    splits = tuple(found.n_meanings)
    meanings = ", ".join(f"{split} {n}" for split, n in found.n_meanings.items())
    yield Grid(
        f"Meanings: {meanings}; fingerprint {found.fingerprint}",
        ("", *splits, "chars", "tokens", "max", "repeated", "empty", "missing"),
        tuple(_list_cells(language, splits) for language in found.languages),
    )
    yield EXPLANATION
    yield from (pairs.describe() for pairs in found.gaps)
    for item in found.findings.items[:N_FINDINGS_SHOWN]:
        yield f"{item.lang}: {item.count} {FINDINGS[item.kind]}, first {item.examples[0]}"
    rows = []
    for row in found.examples:
        rows += [(f"{row.split} {row.id}", ""), *((f"  {lang}", text) for lang, text in row.texts.items())]
    yield Grid("", (), tuple(rows))


def _list_cells(language: LanguageInspection, splits: tuple[str, ...]) -> tuple[str, ...]:
    return (
        language.lang,
        *(str(language.n_sentences[split]) for split in splits),
        _range(language.characters),
        _range(language.tokens),
        str(language.tokens.longest) if language.tokens else "-",
        str(language.n_duplicates + language.n_duplicates_across_splits),
        str(language.n_empty),
        str(language.n_missing),
    )


def _range(lengths: Lengths | None) -> str:
    return f"{lengths.median:.0f}, {lengths.percentile_95:.0f}" if lengths else "-"
