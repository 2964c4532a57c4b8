"""A sample of meanings as training and evaluation draw them, and what every language makes of it."""

from collections.abc import Mapping, Sequence

import pytest

from polysteer.builtin.grammar import (
    Meaning,
    Sentence,
    language_codes,
    linearize,
    sample_meanings,
    training_meanings,
)


@pytest.fixture(scope="session")
def drawn_meanings() -> Sequence[Meaning]:
    """Training and evaluation meanings, no two with one skeleton."""
    evaluation = [sample_meanings(500, seed=0, split=split) for split in ("find", "dev", "test")]
    return training_meanings(2500, 0) + [meaning for meanings in evaluation for meaning in meanings]


@pytest.fixture(scope="session")
def sentences_by_language(drawn_meanings: Sequence[Meaning]) -> Mapping[str, Sequence[Sentence]]:
    """The sample in every language, in the order of the meanings."""
    return {code: [linearize(meaning, code) for meaning in drawn_meanings] for code in language_codes()}
