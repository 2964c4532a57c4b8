"""`source: builtin`: sentences that polysteer's own grammar generates."""

from typing import Any

import pyarrow as pa

from polysteer.builtin.grammar import Split, generate, language_codes
from polysteer.corpus.draw import Draw
from polysteer.corpus.duplicates import find_duplicates
from polysteer.corpus.findings import Findings
from polysteer.corpus.origins import Builtin
from polysteer.corpus.schema import SCHEMA
from polysteer.corpus.sources.selection import select_languages
from polysteer.corpus.table import Corpus


def read_corpus(_: Builtin, draw: Draw) -> Corpus:
    """Fresh sentences for every split, drawn by the seed."""
    chosen = select_languages(draw.languages, {code: code for code in language_codes()}, "source builtin")
    canonical = {code: lang for lang, code in chosen.items()}
    sizes: dict[Split, int] = {split: size for split, size in draw.sizes.items() if size}
    rows: list[dict[str, Any]] = [
        {
            "id": row.id,
            "lang": canonical[row.lang],
            "split": row.split,
            "text": row.sentence.text,
            "topic": row.topic,
            "tokens": row.sentence.tokens,
            "upos": row.sentence.upos,
            "heads": row.sentence.heads,
            "deprels": row.sentence.deprels,
        }
        for row in generate(languages=list(canonical), sizes=sizes, seed=draw.seed)
    ]
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    return Corpus(table, Findings(tuple(find_duplicates(table))))
