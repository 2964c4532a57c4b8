"""Where text comes from: one reader per source, chosen by the `source` of the settings."""

from collections.abc import Callable
from typing import Any

from polysteer.corpus.draw import Draw
from polysteer.corpus.joining import join_sources
from polysteer.corpus.settings import CorpusSettings, JoinedSettings
from polysteer.corpus.sources import bitext, builtin, conllu, flores200, hub, lines, sib200, table, tatoeba
from polysteer.corpus.table import Corpus

READERS: dict[str, Callable[[Any, Draw], Corpus]] = {
    "builtin": builtin.read_corpus,
    "flores200": flores200.read_corpus,
    "sib200": sib200.read_corpus,
    "tatoeba": tatoeba.read_corpus,
    "conllu": conllu.read_corpus,
    "lines": lines.read_corpus,
    "table": table.read_corpus,
    "bitext": bitext.read_corpus,
    "hub": hub.read_corpus,
}


def read_corpus(settings: CorpusSettings) -> Corpus:
    """The corpus that the settings ask for."""
    if isinstance(settings, JoinedSettings):
        return join_sources(settings, lambda part, draw: READERS[part.source](part, draw))
    return READERS[settings.source](settings, settings.draw)
