"""How much text an experiment has, in sentences and in tokens of its model."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from transformers import PreTrainedTokenizerBase

from polysteer.config import Experiment
from polysteer.corpus.corpus_table import Corpus
from polysteer.corpus.tagged_words import draw_sentences
from polysteer.models.tokens import Cuts, check_locates, tokenize_texts
from polysteer.trials.pairings import pair_rows


@dataclass(frozen=True)
class TextSize:
    """Tokens per sentence, specials included, by split and language; ranks per layer, by split.

    n_words: how many words get a vector, over find and test; n_word_tokens: of the sentences they stand in.
    """

    n_tokens: Mapping[str, Mapping[str, npt.NDArray[np.int64]]]
    n_ranks: Mapping[str, int]
    n_words: int
    n_word_tokens: int

    @property
    def languages(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(next(iter(self.n_tokens.values())))

    def count_sentences(self, split: str) -> int:
        """Over all languages."""
        return sum(len(counts) for counts in self.n_tokens[split].values())

    def count_tokens(self, text: str) -> int:
        """Of a split, over all languages; of the words' sentences; of the longest sentence of `find`."""
        if text == "words":
            return self.n_word_tokens
        if text == "longest":
            return max(int(counts.max()) for counts in self.n_tokens["find"].values())
        return sum(int(counts.sum()) for counts in self.n_tokens[text].values())

    def count_predicted(self, split: str, most_sentences: int | None = None) -> int:
        """Tokens with a loss: all but the first of each sentence, in a language's first sentences."""
        kept = (counts[:most_sentences] for counts in self.n_tokens[split].values())
        return sum(int(counts.sum()) - len(counts) for counts in kept)

    @property
    def mean_tokens(self) -> float:
        """Per sentence."""
        totals = [(self.count_tokens(split), self.count_sentences(split)) for split in self.n_tokens]
        return sum(tokens for tokens, _ in totals) / sum(sentences for _, sentences in totals)


def measure_text(
    corpus: Corpus, tokenizer: PreTrainedTokenizerBase, settings: Experiment, *, max_tokens: int | None
) -> TextSize:
    """Tokenize everything, and draw the sentences whose words get vectors, as the stages do."""
    n_tokens: dict[str, dict[str, npt.NDArray[np.int64]]] = {}
    for split in corpus.splits:
        n_tokens[split], cuts = {}, Cuts()
        for lang in corpus.languages:
            tokens = tokenize_texts(tokenizer, corpus.texts(lang, split), max_tokens=max_tokens)
            n_tokens[split][lang] = tokens.n_tokens
            cuts.add(tokens)
        cuts.tell(f"texts of {split}")
    drawn = {
        (split, lang): draw_sentences(
            corpus, lang, split, most_words=settings.most_words, seed=settings.evaluate.seed
        )
        for split in ("find", "test")
        for lang in corpus.languages
    }
    if any(drawn.values()):
        check_locates(tokenizer)
    return TextSize(
        n_tokens,
        {split: _count_ranks(corpus, split) for split in ("dev", "test")},
        n_words=sum(len(one.words) for sentences in drawn.values() for one in sentences),
        n_word_tokens=sum(
            int(n_tokens[split][lang][one.row])
            for (split, lang), sentences in drawn.items()
            for one in sentences
        ),
    )


def _count_ranks(corpus: Corpus, split: str) -> int:
    """Ordered pairs of languages times meanings, as `Retrieval` holds them."""
    pairings = pair_rows(corpus, split)
    if pairings is None:
        return len(corpus.languages) * (len(corpus.languages) - 1) * len(corpus.ids(split))
    return 2 * len(pairings) * (1 + max(int(shared.columns.max()) for shared in pairings.values()))
