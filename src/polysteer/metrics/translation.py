"""chrF and BLEU by sacrebleu (the extra `translation`), from 0 to 100."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.errors import NumericError

CHINESE = ("zh", "yue", "wuu", "nan", "lzh")
WITHOUT_SPACES = ("ja", "th", "lo", "km", "my", "bo", "dz", "shn")


class TranslationQuality(NamedTuple):
    """Of a whole text, as sacrebleu's users report it; and chrF of each sentence, for intervals."""

    chrf: float
    bleu: float
    chrf_by_sentence: npt.NDArray[np.float64]


def measure_translation(
    hypotheses: Sequence[str], references: Sequence[str], *, language: str
) -> TranslationQuality:
    """How close translations into `language` are to one reference each."""
    if len(hypotheses) != len(references) or not references:
        raise NumericError(f"{len(hypotheses)} translations for {len(references)} references; give one each")
    try:
        from sacrebleu.metrics.bleu import BLEU
        from sacrebleu.metrics.chrf import CHRF
    except ImportError as error:
        raise NumericError(
            "chrF and BLEU need sacrebleu; install it with pip install 'polysteer[translation]', or write "
            "'translate: null' under 'evaluate'"
        ) from error
    chrf, bleu = CHRF(), BLEU(tokenize=choose_tokenizer(language))
    by_sentence = [
        chrf.sentence_score(ours, [theirs]).score for ours, theirs in zip(hypotheses, references, strict=True)
    ]
    whole = list(hypotheses), [list(references)]
    return TranslationQuality(
        chrf.corpus_score(*whole).score, bleu.corpus_score(*whole).score, np.array(by_sentence)
    )


def choose_tokenizer(language: str) -> str:
    """BLEU's words: Chinese as sacrebleu has it, characters where no spaces are written, else its default."""
    primary = language.split("-")[0]
    if primary in CHINESE:
        return "zh"
    return "char" if primary in WITHOUT_SPACES else "13a"
