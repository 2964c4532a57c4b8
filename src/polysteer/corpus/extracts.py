"""What a reader of files hands over: sentences of one language, column by column, not yet split."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple


class Tree(NamedTuple):
    """The words of a sentence with their tags and heads; head 0 is the root, words count from 1."""

    tokens: list[str]
    upos: list[str]
    heads: list[int]
    deprels: list[str]


@dataclass(frozen=True)
class Extract:
    """Sentences of one language from one file.

    bundle: what they should be complete in (a language pair, a treebank); split sizes count per bundle.
    part: the source's own split. lines: where each sentence stands in the file, for messages.
    """

    lang: str
    file: Path
    ids: Sequence[str]
    texts: Sequence[str]
    lines: Sequence[int]
    part: str = ""
    bundle: str = ""
    topics: Sequence[str | None] | None = None
    trees: Sequence[Tree] | None = None

    def place(self, row: int) -> str:
        """`file:line` of a sentence."""
        return f"{self.file}:{self.lines[row]}"
