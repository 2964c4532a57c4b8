"""Which rows of two languages' vectors are translations, where not every language has every sentence."""

from collections.abc import Sequence

import numpy as np

from polysteer.corpus.corpus_table import Corpus
from polysteer.corpus.parallel import Rows, is_all_parallel, share_sentences
from polysteer.metrics.pairing import Pairings, SharedRows
from polysteer.metrics.vectors import LanguagePair


def pair_rows(corpus: Corpus, split: str) -> Pairings | None:
    """The rows that every pair of languages shares; None where all languages have all sentences.

    Pairs that have a meaning in common have it in the same column. Pairs that have none in common, not even
    by way of others, stand side by side: German-English and Japanese-English of a text that pairs each with
    English take the same columns. So a table of pairs is no wider than it has to be.
    """
    if is_all_parallel(corpus, split):
        return None
    shared = share_sentences(corpus, split)
    columns = _number_columns([found.meanings for found in shared.values()], len(corpus.ids(split)))
    return {
        LanguagePair(*pair): SharedRows(found.rows_a, found.rows_b, columns[found.meanings])
        for pair, found in shared.items()
    }


def _number_columns(meanings_by_pair: Sequence[Rows], n_meanings: int) -> Rows:
    """The column of each meaning: its place among those of all pairs that hang together."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pair_of = np.repeat(np.arange(len(meanings_by_pair)), [len(meanings) for meanings in meanings_by_pair])
    meaning = np.concatenate(meanings_by_pair) if meanings_by_pair else np.empty(0, dtype=np.int64)
    size = n_meanings + len(meanings_by_pair)
    links = coo_array((np.ones(len(meaning)), (meaning, n_meanings + pair_of)), shape=(size, size))
    _, group_of = connected_components(links, directed=False)
    columns = np.zeros(n_meanings, dtype=np.int64)
    for group in np.unique(group_of[meaning]):
        members = np.flatnonzero(group_of[:n_meanings] == group)
        columns[members] = np.arange(len(members))
    return columns
