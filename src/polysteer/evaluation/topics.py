"""The topics that a probe reads."""

import numpy as np

from polysteer.corpus.corpus_table import Corpus
from polysteer.metrics.view import Labelled, Topics


def read_topics(corpus: Corpus) -> Topics | None:
    """The topics of a corpus; None where a probe has nothing to learn: fewer than two in `find`."""
    known, shared = (
        {name: corpus.topics(name, split) for name in corpus.languages} for split in ("find", "test")
    )
    complete = np.flatnonzero([all(topics) for topics in zip(*shared.values(), strict=False)])
    test = Labelled(
        dict.fromkeys(shared, complete), {name: [str(of[i]) for i in complete] for name, of in shared.items()}
    )
    rows = {name: np.flatnonzero([bool(topic) for topic in of]) for name, of in known.items()}
    find = Labelled(rows, {name: [str(known[name][i]) for i in kept] for name, kept in rows.items()})
    n_topics = len({label for labels in find.labels.values() for label in labels})
    return Topics(find, test) if n_topics > 1 and len(complete) > 1 else None
