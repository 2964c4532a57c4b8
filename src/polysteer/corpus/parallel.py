"""Whether every language of a corpus has every sentence: what comparing all of them with each other takes."""

from collections.abc import Iterable

from polysteer.corpus.table import Corpus
from polysteer.errors import CorpusError


def check_all_parallel(corpus: Corpus, splits: Iterable[str]) -> None:
    """Refuse a split in which some language lacks what another one has, naming the first such language."""
    if len(corpus.languages) < 2:
        raise CorpusError(
            f"the text is in {corpus.languages[0]!r} alone; finding translations needs two languages or more"
        )
    for split in splits:
        meanings = corpus.ids(split)
        for lang in corpus.languages:
            held = corpus.ids(split, lang)
            if len(held) < len(meanings):
                missing = min(set(meanings) - set(held))
                raise CorpusError(
                    f"{split}: {lang!r} lacks {len(meanings) - len(held)} of {len(meanings)} meanings, "
                    f"{missing!r} first; languages are compared each with each, so all need the same "
                    "sentences: leave out 'partial: true', or, where a source aligns no more than pairs or "
                    "treebanks, write an experiment for each ('languages: [en, ja]')"
                )
