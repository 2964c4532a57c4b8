"""Text: read, checked, split by meaning, and written as one Parquet file per language."""

from polysteer.corpus.joining import read_corpus
from polysteer.corpus.parallel import find_gaps
from polysteer.stages.lineage import recorded
from polysteer.stages.run import Run


def perform(run: Run) -> str:
    """Read the source again each time: only the content tells whether it changed."""
    corpus = read_corpus(run.settings.corpus)
    run.name_targets(corpus)  # a target that the text lacks is refused here, not after hours of reading
    with recorded(run, "corpus"):
        corpus.write(run.layout.corpus)
    sizes = ", ".join(f"{split} {len(corpus.ids(split))}" for split in corpus.splits)
    told = [f"{len(corpus.languages)} languages; meanings: {sizes}"]
    told += [pairs.describe() for pairs in find_gaps(corpus)]
    return "; ".join(told)
