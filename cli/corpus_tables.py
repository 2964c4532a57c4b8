"""What a corpus holds, drawn for a terminal."""

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table

from polysteer.corpus.corpus_inspection import Inspection, Lengths

N_FINDINGS_SHOWN = 12


def draw_inspection(found: Inspection) -> RenderableType:
    """Languages and how they pair up, then what was noticed, then a few aligned rows."""
    gaps = (pairs.describe() for pairs in found.gaps)
    return Group(_draw_languages(found), *gaps, *_tell_findings(found), _draw_rows(found))


def _draw_languages(found: Inspection) -> Table:
    splits = list(found.n_meanings)
    meanings = ", ".join(f"{split} {n}" for split, n in found.n_meanings.items())
    table = Table(
        title=f"Meanings: {meanings}; fingerprint {found.fingerprint}",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    table.add_column("", no_wrap=True)
    for name in (*splits, "chars", "tokens", "max", "repeated", "empty", "missing"):
        table.add_column(name, justify="right", no_wrap=True)
    for language in found.languages:
        table.add_row(
            language.lang,
            *(str(language.n_sentences[split]) for split in splits),
            _range(language.characters),
            _range(language.tokens),
            str(language.tokens.longest) if language.tokens else "-",
            str(language.n_duplicates + language.n_duplicates_across_splits),
            str(language.n_empty),
            str(language.n_missing),
        )
    table.caption = (
        "characters, tokens per sentence: median, and what 95 % stay below; max: the longest, in tokens"
    )
    table.caption_justify = "left"
    return table


def _range(lengths: Lengths | None) -> str:
    return f"{lengths.median:.0f}, {lengths.percentile_95:.0f}" if lengths else "-"


def _tell_findings(found: Inspection) -> list[RenderableType]:
    words = {
        "empty": "lines without text, left out",
        "incomplete": "meanings that are missing here",
        "repeated_elsewhere": "meanings left out, whose sentence another source has for dev or test",
        "duplicate": "sentences that repeat another one of the same split",
        "duplicate_across_splits": "sentences that repeat one of another split",
    }
    return [
        f"{item.lang}: {item.count} {words[item.kind]}, first {item.examples[0]}"
        for item in found.findings.items[:N_FINDINGS_SHOWN]
    ]


def _draw_rows(found: Inspection) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_header=False)
    table.add_column("", no_wrap=True)
    table.add_column("", overflow="fold")
    for row in found.examples:
        table.add_row(f"{row.split} {row.id}", "")
        for lang, text in row.texts.items():
            table.add_row(f"  {lang}", text)
    return table
