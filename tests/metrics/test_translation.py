"""chrF and BLEU: numbers worked out by hand, and what is said where sacrebleu is missing."""

import sys

import numpy as np
import pytest

from polysteer.errors import NumericError
from polysteer.metrics.translation import choose_tokenizer, measure_translation


def test_chrf_is_the_mean_f2_of_character_n_grams() -> None:
    """'abcd' against 'abce': 3 of 4 characters, 2 of 3 pairs, 1 of 2 triples, 0 of 1; there are no longer."""
    found = measure_translation(["abcd", "xy"], ["abce", "xy"], language="en")
    assert found.chrf_by_sentence == pytest.approx([100 * np.mean([3 / 4, 2 / 3, 1 / 2, 0]), 100])
    # Of both texts together the n-grams are counted first: 5 of 6, 3 of 4, 1 of 2, 0 of 1.
    assert found.chrf == pytest.approx(100 * np.mean([5 / 6, 3 / 4, 1 / 2, 0]))


def test_bleu_takes_characters_where_no_spaces_are_written() -> None:
    found = measure_translation(["犬が走る。"], ["犬が走る。"], language="ja")
    assert found.bleu == pytest.approx(100)
    assert measure_translation(["犬が走る。"], ["犬が走る。"], language="en").bleu == pytest.approx(0)
    tokenizers = [choose_tokenizer(lang) for lang in ("ja", "zh-Hant", "th", "de", "yue")]
    assert tokenizers == ["char", "zh", "char", "13a", "zh"]


def test_missing_references_and_a_missing_extra_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NumericError, match="1 translations for 2 references"):
        measure_translation(["a"], ["a", "b"], language="en")
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics.bleu", None)
    with pytest.raises(NumericError, match=r"pip install 'polysteer\[translation\]'"):
        measure_translation(["a"], ["a"], language="en")
