"""Sentences that stand twice in a corpus."""

from collections import defaultdict

import pyarrow as pa

from polysteer.corpus.findings import Finding


def find_duplicates(table: pa.Table) -> list[Finding]:
    """Sentences with the text of another one, by language: within a split, and across splits."""
    first: dict[tuple[str, str], tuple[str, str]] = {}
    pairs: dict[tuple[str, bool], list[str]] = defaultdict(list)
    columns = (table[name].to_pylist() for name in ("lang", "text", "id", "split"))
    for lang, text, id_, split in zip(*columns, strict=True):
        first_id, first_split = first.setdefault((lang, text), (id_, split))
        if first_id != id_:
            pairs[lang, first_split != split].append(f"{id_} = {first_id}")
    return [
        Finding.of("duplicate_across_splits" if across else "duplicate", lang, found)
        for (lang, across), found in pairs.items()
    ]
