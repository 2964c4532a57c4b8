"""Rows of a corpus: parallel by id, and the same whatever else was asked for and in whichever process."""

import os
import subprocess
import sys

import pytest

from polysteer.builtin.grammar import generate, language_codes, linearize, sample_meanings
from polysteer.errors import CorpusError

SIZES = {"find": 30, "dev": 20, "test": 10}
FINGERPRINT = """
import hashlib
from polysteer.builtin.grammar import generate, language_codes, training_meanings
rows = list(generate(languages=language_codes(), sizes={"find": 40, "dev": 20, "test": 20}, seed=5))
print(hashlib.sha256(repr((rows, training_meanings(300, 5))).encode()).hexdigest())
"""


def test_rows_with_one_id_say_one_meaning_in_every_language():
    rows = list(generate(languages=language_codes(), sizes=SIZES, seed=2))
    meanings = {split: sample_meanings(size, seed=2, split=split) for split, size in SIZES.items()}
    by_id: dict[str, list] = {}
    for row in rows:
        by_id.setdefault(row.id, []).append(row)
    assert len(by_id) == 60
    for rows_of_id in by_id.values():
        assert [row.lang for row in rows_of_id] == list(language_codes())
        assert len({(row.split, row.topic) for row in rows_of_id}) == 1
        meaning = meanings[rows_of_id[0].split].pop(0)
        assert rows_of_id[0].topic == meaning.topic
        assert [row.sentence for row in rows_of_id] == [linearize(meaning, row.lang) for row in rows_of_id]


@pytest.mark.parametrize("n_find", [0, 29, 300])
def test_the_size_of_one_split_changes_no_other(n_find):
    def of_dev_and_test(sizes):
        return [row for row in generate(languages=["en"], sizes=sizes, seed=2) if row.split != "find"]

    assert of_dev_and_test(SIZES | {"find": n_find}) == of_dev_and_test(SIZES)
    assert of_dev_and_test({"dev": 20, "test": 10}) == of_dev_and_test(SIZES)


def test_fewer_languages_change_no_sentence():
    rows = list(generate(languages=language_codes(), sizes=SIZES, seed=2))
    for code in language_codes():
        alone = list(generate(languages=[code], sizes=SIZES, seed=2))
        assert alone == [row for row in rows if row.lang == code]


def test_another_process_with_another_hash_seed_makes_the_same_corpus():
    def run(hash_seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(
            [sys.executable, "-c", FINGERPRINT], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    assert run("1") == run("2")


def test_training_sentences_are_not_generated_as_a_split():
    with pytest.raises(CorpusError, match="'train' for evaluation"):
        list(generate(languages=["en"], sizes={"train": 5}, seed=0))


def test_an_unknown_language_is_refused_and_the_known_ones_named():
    with pytest.raises(CorpusError, match=r"no built-in language 'xx'.*de, en"):
        list(generate(languages=["en", "xx"], sizes=SIZES, seed=0))
