"""What a corpus holds, as data: sentences per split, lengths, flaws, and a few aligned rows."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np

from polysteer.corpus.corpus_table import Corpus
from polysteer.corpus.findings import Findings
from polysteer.corpus.parallel import LanguagePairs, find_gaps

N_EXAMPLES = 5
N_TOKENIZED = 2000


class Tokenizer(Protocol):
    """What is needed of a model's tokenizer: a batch of texts gives a list of ids for each."""

    def __call__(self, text: list[str], *, add_special_tokens: bool) -> Any:
        """The encoding of every text, under "input_ids"."""


@dataclass(frozen=True)
class Lengths:
    """How long sentences are."""

    median: float
    percentile_95: float
    longest: int


@dataclass(frozen=True)
class LanguageInspection:
    """One language: how many sentences in each split, how long, and what was noticed.

    tokens: measured on at most 2,000 sentences, evenly taken from all splits. n_missing: meanings that other
    languages of the same files have and this one lacks.
    """

    lang: str
    n_sentences: dict[str, int]
    characters: Lengths
    tokens: Lengths | None
    n_empty: int
    n_duplicates: int
    n_duplicates_across_splits: int
    n_missing: int


@dataclass(frozen=True)
class AlignedRow:
    """One meaning in every language that has it."""

    id: str
    split: str
    texts: dict[str, str]


@dataclass(frozen=True)
class Inspection:
    """A corpus before any model has read it. gaps: dev and test, where languages lack sentences there."""

    fingerprint: str
    languages: tuple[LanguageInspection, ...]
    n_meanings: dict[str, int]
    gaps: tuple[LanguagePairs, ...]
    examples: tuple[AlignedRow, ...]
    findings: Findings

    def to_json(self) -> dict[str, Any]:
        """Plain dicts and lists."""
        gaps = [
            {
                "splits": list(pairs.splits),
                "pairs": [{"languages": list(pair), "n_shared": n} for pair, n in pairs.n_shared.items()],
            }
            for pairs in self.gaps
        ]
        return {**asdict(self), "gaps": gaps, "findings": self.findings.to_json()}


def inspect_corpus(corpus: Corpus, tokenizer: Tokenizer | None = None) -> Inspection:
    """Counts, lengths, flaws and aligned rows; lengths in tokens only with a tokenizer."""
    n_meanings = {split: len(corpus.ids(split)) for split in corpus.splits}
    languages = (_inspect_language(corpus, lang, tokenizer) for lang in corpus.languages)
    return Inspection(
        fingerprint=corpus.fingerprint(),
        languages=tuple(languages),
        n_meanings=n_meanings,
        gaps=tuple(find_gaps(corpus)),
        examples=_show_rows(corpus),
        findings=corpus.findings,
    )


def _inspect_language(corpus: Corpus, lang: str, tokenizer: Tokenizer | None) -> LanguageInspection:
    by_split = {split: corpus.texts(lang, split) for split in corpus.splits}
    texts = [text for members in by_split.values() for text in members]
    return LanguageInspection(
        lang=lang,
        n_sentences={split: len(members) for split, members in by_split.items()},
        characters=_measure([len(text) for text in texts]),
        tokens=_measure_tokens(texts, tokenizer) if tokenizer else None,
        n_empty=corpus.findings.count("empty", lang),
        n_duplicates=corpus.findings.count("duplicate", lang),
        n_duplicates_across_splits=corpus.findings.count("duplicate_across_splits", lang),
        n_missing=corpus.findings.count("incomplete", lang),
    )


def _measure_tokens(texts: list[str], tokenizer: Tokenizer) -> Lengths:
    step = -(-len(texts) // N_TOKENIZED)
    return _measure([len(ids) for ids in tokenizer(texts[::step], add_special_tokens=False)["input_ids"]])


def _measure(lengths: Sequence[int]) -> Lengths:
    return Lengths(
        median=float(np.median(lengths)),
        percentile_95=float(np.percentile(lengths, 95)),
        longest=max(lengths),
    )


def _show_rows(corpus: Corpus) -> tuple[AlignedRow, ...]:
    """Of each split the first meanings that most languages share, most of them from find."""
    first, *others = corpus.splits
    shown = _show_split(corpus, first, N_EXAMPLES - len(others))
    return tuple(shown + [row for split in others for row in _show_split(corpus, split, 1)])


def _show_split(corpus: Corpus, split: str, n_rows: int) -> list[AlignedRow]:
    texts = {
        lang: dict(zip(corpus.ids(split, lang), corpus.texts(lang, split), strict=True))
        for lang in corpus.languages
    }
    ids = sorted(corpus.ids(split), key=lambda id_: (-sum(id_ in known for known in texts.values()), id_))
    return [
        AlignedRow(id_, split, {lang: known[id_] for lang, known in texts.items() if id_ in known})
        for id_ in ids[:n_rows]
    ]
