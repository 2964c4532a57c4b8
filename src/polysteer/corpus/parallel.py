"""Which languages of a corpus share which sentences: what comparing them with each other takes."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.corpus.corpus_table import Corpus
from polysteer.errors import CorpusError

LEAST_SHARED = 2  # among fewer there is nothing to tell apart
N_SHOWN = 12
COMPARED = ("dev", "test")

Rows = npt.NDArray[np.int64]


class SharedSentences(NamedTuple):
    """The sentences of a split that two languages share: their rows in either's texts, and which they are."""

    rows_a: Rows
    rows_b: Rows
    meanings: Rows  # places in `Corpus.ids(split)`


@dataclass(frozen=True)
class LanguagePairs:
    """All pairs of languages, with how many sentences each shares in a split, or in each of several."""

    splits: tuple[str, ...]
    n_shared: dict[tuple[str, str], int]

    @property
    def compared(self) -> list[tuple[str, str]]:
        """Those that share enough to look for translations."""
        return [pair for pair, count in self.n_shared.items() if count >= LEAST_SHARED]

    @property
    def left_out(self) -> list[tuple[str, str]]:
        """The others."""
        return [pair for pair, count in self.n_shared.items() if count < LEAST_SHARED]

    def describe(self) -> str:
        """One line for people."""
        where = " and ".join(self.splits)
        n_pairs = f"{len(self.compared)} of {len(self.n_shared)} pairs of languages"
        if not self.left_out:
            return f"{where}: {n_pairs} are compared, each on the sentences that both have"
        return (
            f"{where}: {n_pairs} are compared ({_join(self.compared) or 'none'}), those left out share fewer "
            f"than {LEAST_SHARED} sentences ({_join(self.left_out)})"
        )


def is_all_parallel(corpus: Corpus, split: str) -> bool:
    """Whether every language has every sentence."""
    n_meanings = len(corpus.ids(split))
    return all(corpus.rows(lang, split).num_rows == n_meanings for lang in corpus.languages)


def share_sentences(corpus: Corpus, split: str) -> dict[tuple[str, str], SharedSentences]:
    """Every pair of languages that shares enough, in the order of the languages."""
    numbers = {id_: number for number, id_ in enumerate(corpus.ids(split))}
    meanings = {
        lang: np.array([numbers[id_] for id_ in corpus.ids(split, lang)], dtype=np.int64)
        for lang in corpus.languages
    }
    found = {}
    for a, b in combinations(corpus.languages, 2):
        shared, rows_a, rows_b = np.intersect1d(
            meanings[a], meanings[b], assume_unique=True, return_indices=True
        )
        if len(shared) >= LEAST_SHARED:
            found[a, b] = SharedSentences(rows_a.astype(np.int64), rows_b.astype(np.int64), shared)
    return found


def count_shared(corpus: Corpus, split: str) -> LanguagePairs:
    """How many sentences each pair of languages shares."""
    if is_all_parallel(corpus, split):
        n_meanings = len(corpus.ids(split))
        return LanguagePairs((split,), dict.fromkeys(combinations(corpus.languages, 2), n_meanings))
    ids = {lang: set(corpus.ids(split, lang)) for lang in corpus.languages}
    return LanguagePairs(
        (split,), {(a, b): len(ids[a] & ids[b]) for a, b in combinations(corpus.languages, 2)}
    )


def find_gaps(corpus: Corpus) -> list[LanguagePairs]:
    """The pairs of dev and of test, where some language lacks a sentence there; together where they agree."""
    gaps = [
        count_shared(corpus, split)
        for split in COMPARED
        if split in corpus.splits and not is_all_parallel(corpus, split)
    ]
    if len(gaps) == len(COMPARED) and gaps[0].compared == gaps[1].compared:
        return [LanguagePairs(COMPARED, gaps[1].n_shared)]
    return gaps


def check_comparable(corpus: Corpus, targets: Iterable[str]) -> None:
    """Refuse text in which a target cannot be compared with any language."""
    if len(corpus.languages) < 2:
        raise CorpusError(
            f"the text is in {corpus.languages[0]!r} alone; finding translations needs two languages or more"
        )
    _check_all_present(corpus)
    for pairs in (count_shared(corpus, split) for split in COMPARED):
        for target in targets:
            if not any(target in pair for pair in pairs.compared):
                there = _join(pairs.compared) or "none"
                raise CorpusError(
                    f"{pairs.splits[0]}: {target!r} shares fewer than {LEAST_SHARED} sentences with every "
                    f"other language, so it cannot be a target; pairs that share enough: {there}"
                )


def _check_all_present(corpus: Corpus) -> None:
    for split in corpus.splits:
        for lang in corpus.languages:
            if not corpus.rows(lang, split).num_rows:
                raise CorpusError(
                    f"{split}: there is no sentence in {lang!r}; every language has to be in all three "
                    "splits: give it text there, or leave it out of 'languages'"
                )


def _join(pairs: list[tuple[str, str]]) -> str:
    shown = ", ".join("-".join(pair) for pair in pairs[:N_SHOWN])
    return f"{shown} and {len(pairs) - N_SHOWN} more" if len(pairs) > N_SHOWN else shown
