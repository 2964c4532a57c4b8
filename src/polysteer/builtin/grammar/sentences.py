"""The built-in corpus as others use it: meanings for a split, sentences of a meaning, rows of a corpus."""

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Literal

from polysteer.builtin.grammar.concepts import load_concepts
from polysteer.builtin.grammar.language import HEAD_FORM, PREFIX
from polysteer.builtin.grammar.language_file import load_language
from polysteer.builtin.grammar.linearizer import load_linearizer
from polysteer.builtin.grammar.meaning import Meaning, Phrase, Pool, pool_of_skeleton
from polysteer.builtin.grammar.sampler import Sampler
from polysteer.builtin.grammar.typesetting import Sentence
from polysteer.errors import CorpusError

Split = Literal["train", "find", "dev", "test"]
EVALUATION_SPLITS: tuple[Split, ...] = ("find", "dev", "test")
MAX_FRUITLESS_DRAWS = 100_000


@dataclass(frozen=True, slots=True)
class Row:
    """One sentence of the corpus; rows with one id are translations."""

    id: str
    lang: str
    split: Split
    topic: str
    sentence: Sentence


def training_meanings(n: int, seed: int) -> list[Meaning]:
    """Meanings of the training pool, no two with one skeleton."""
    return sample_meanings(n, seed=seed, split="train")


def sample_meanings(n: int, *, seed: int, split: Split, exclude: Collection[str] = ()) -> list[Meaning]:
    """The first n meanings of a split that have none of the excluded skeletons, and no skeleton twice."""
    if split == "train":
        excluded = frozenset(exclude)
        stream = _distinct_meanings("train", seed)
        return list(islice((meaning for meaning in stream if meaning.skeleton() not in excluded), n))
    return _deal_meanings({split: n}, seed, frozenset(exclude))[split]


def generate(*, languages: Sequence[str], sizes: Mapping[Split, int], seed: int) -> Iterator[Row]:
    """Rows of the evaluation splits, meaning by meaning, in the languages asked for."""
    linearizers = [(code, load_linearizer(code)) for code in languages]
    for split, meanings in _deal_meanings(sizes, seed).items():
        for number, meaning in enumerate(meanings):
            for code, linearizer in linearizers:
                sentence = linearizer.sentence(meaning)
                yield Row(f"{split}-{number:05d}", code, split, meaning.topic, sentence)


def linearize(meaning: Meaning, lang: str) -> Sentence:
    """The sentence of a meaning in a language."""
    return load_linearizer(lang).sentence(meaning)


def linearize_phrase(phrase: Phrase, lang: str) -> Sentence:
    """A noun phrase alone, without capital and full stop."""
    return load_linearizer(lang).phrase(phrase)


def lexicon(lang: str) -> dict[str, str]:
    """The citation form of every noun, verb, adjective and numeral."""
    language = load_language(lang)
    space = language.surface.space
    found: dict[str, str] = {}
    for pos, prefix in PREFIX.items():
        forms = language.forms.get(f"{HEAD_FORM[pos]}_citation")
        for concept, entry in language.lexicon[pos].items():
            form = forms.form(entry, language.rewrites) if forms else entry[f"{prefix}.lemma"]
            found[concept] = form.replace("_", space)
    return found


def content_words() -> int:
    """How many concepts the corpus can speak about."""
    concepts = load_concepts()
    return sum(len(concepts.ids(pos)) for pos in ("nouns", "verbs", "adjectives", "times", "numerals"))


def _deal_meanings(
    sizes: Mapping[Split, int], seed: int, excluded: Collection[str] = ()
) -> dict[Split, list[Meaning]]:
    """The evaluation splits take turns in one stream: disjoint, and the size of one never changes another."""
    for split in sizes:
        if split not in EVALUATION_SPLITS:
            known = ", ".join(EVALUATION_SPLITS)
            raise CorpusError(f"no split {split!r} for evaluation. There are: {known}.")
    dealt: dict[Split, list[Meaning]] = {split: [] for split in sizes}
    missing = {split for split, size in sizes.items() if size > 0}
    turns = zip(cycle(EVALUATION_SPLITS), _distinct_meanings("eval", seed), strict=False)
    while missing:
        split, meaning = next(turns)
        if split in missing and meaning.skeleton() not in excluded:
            dealt[split].append(meaning)
            if len(dealt[split]) == sizes[split]:
                missing.remove(split)
    return dealt


def _distinct_meanings(pool: Pool, seed: int) -> Iterator[Meaning]:
    """An endless stream from one pool, every skeleton once."""
    seen: set[str] = set()
    fruitless = 0
    for meaning in Sampler(random.Random(f"{pool}:{seed}")):
        skeleton = meaning.skeleton()
        fruitless += 1
        if skeleton not in seen and pool_of_skeleton(skeleton) == pool:
            seen.add(skeleton)
            fruitless = 0
            yield meaning
        if fruitless > MAX_FRUITLESS_DRAWS:
            raise CorpusError(f"after {len(seen)} meanings the grammar gave no new one. Ask for fewer.")
