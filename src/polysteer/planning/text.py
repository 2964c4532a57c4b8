"""How much text an experiment has, in sentences and in tokens of its model."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from transformers import PreTrainedTokenizerBase

from polysteer.corpus.table import Corpus
from polysteer.models.tokens import tokenize_texts


@dataclass(frozen=True)
class TextSize:
    """Tokens per sentence, specials included, by split and language."""

    n_tokens: Mapping[str, Mapping[str, npt.NDArray[np.int64]]]

    @property
    def languages(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(next(iter(self.n_tokens.values())))

    def count_sentences(self, split: str) -> int:
        """Over all languages."""
        return sum(len(counts) for counts in self.n_tokens[split].values())

    def count_tokens(self, split: str) -> int:
        """Over all languages."""
        return sum(int(counts.sum()) for counts in self.n_tokens[split].values())

    def count_predicted(self, split: str, most_sentences: int | None = None) -> int:
        """Tokens with a loss: all but the first of each sentence, in a language's first sentences."""
        kept = (counts[:most_sentences] for counts in self.n_tokens[split].values())
        return sum(int(counts.sum()) - len(counts) for counts in kept)

    @property
    def mean_tokens(self) -> float:
        """Per sentence."""
        totals = [(self.count_tokens(split), self.count_sentences(split)) for split in self.n_tokens]
        return sum(tokens for tokens, _ in totals) / sum(sentences for _, sentences in totals)


def measure_text(corpus: Corpus, tokenizer: PreTrainedTokenizerBase) -> TextSize:
    """Tokenize everything, as the stages do."""
    return TextSize(
        {
            split: {
                lang: tokenize_texts(tokenizer, corpus.texts(lang, split)).n_tokens
                for lang in corpus.languages
            }
            for split in corpus.splits
        }
    )
