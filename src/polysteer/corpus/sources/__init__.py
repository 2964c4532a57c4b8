"""The sources there are, one file each: what is not listed here cannot stand in experiments.yaml."""

from polysteer.corpus.sources.bitext import Bitext
from polysteer.corpus.sources.builtin import Builtin
from polysteer.corpus.sources.conllu import Conllu
from polysteer.corpus.sources.flores200 import Flores200
from polysteer.corpus.sources.hub import Hub
from polysteer.corpus.sources.lines import Lines
from polysteer.corpus.sources.sib200 import Sib200
from polysteer.corpus.sources.table import Table
from polysteer.corpus.sources.tatoeba import Tatoeba
from polysteer.corpus.text_source import Source

SOURCES: tuple[type[Source], ...] = (
    Builtin,
    Flores200,
    Sib200,
    Tatoeba,
    Conllu,
    Lines,
    Table,
    Bitext,
    Hub,
)
