"""`source: builtin`: sentences that polysteer's own grammar generates."""

from typing import TYPE_CHECKING, ClassVar, Literal

from polysteer.corpus.draw import Draw, Sizes
from polysteer.corpus.languages import select_languages
from polysteer.corpus.text_source import Source

if TYPE_CHECKING:
    from polysteer.builtin.grammar import Row, Split
    from polysteer.corpus.corpus_table import Corpus


class Builtin(Source):
    """Sentences from polysteer's own grammar; no file needed."""

    usual_sizes: ClassVar[Sizes] = {"find": 1000, "dev": 500, "test": 500}

    source: Literal["builtin"]

    @property
    def named_languages(self) -> tuple[str, ...]:
        """Those of the grammar."""
        from polysteer.builtin.grammar import language_codes

        return language_codes()

    def read(self, draw: Draw) -> "Corpus":
        """Fresh sentences for every split, drawn by the seed."""
        from polysteer.builtin.grammar import generate
        from polysteer.corpus.assembly import tabulate_rows

        codes = {code: code for code in self.named_languages}
        chosen = select_languages(draw.languages, codes, "source builtin")
        canonical = {code: lang for lang, code in chosen.items()}
        sizes: dict[Split, int] = {split: size for split, size in draw.sizes.items() if size}
        rows = generate(languages=list(canonical), sizes=sizes, seed=draw.seed)
        return tabulate_rows([_describe(row, canonical[row.lang]) for row in rows])


def _describe(row: "Row", lang: str) -> dict[str, object]:
    return {
        "id": row.id,
        "lang": lang,
        "split": row.split,
        "text": row.sentence.text,
        "topic": row.topic,
        "tokens": row.sentence.tokens,
        "upos": row.sentence.upos,
        "heads": row.sentence.heads,
        "deprels": row.sentence.deprels,
    }
