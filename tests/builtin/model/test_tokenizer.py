import hashlib

import pytest
from transformers import AutoTokenizer

from polysteer.builtin.grammar import linearize, sample_meanings
from polysteer.builtin.model.tokenizer import train_tokenizer


@pytest.fixture
def saved(tokenizer, tmp_path):
    tokenizer.save_pretrained(tmp_path)
    return AutoTokenizer.from_pretrained(tmp_path)


def test_a_saved_tokenizer_reads_back_as_the_same_one(tokenizer, saved, languages):
    for meaning in sample_meanings(40, seed=1, split="dev"):
        for language in languages:
            text = linearize(meaning, language).text
            assert saved(text)["input_ids"] == tokenizer(text)["input_ids"]
            assert saved.decode(saved(text)["input_ids"], skip_special_tokens=True) == text


def test_text_of_no_training_document_survives(saved):
    text = "Ünïcödé, 龍 & émojis 🙂"
    assert saved.decode(saved(text)["input_ids"], skip_special_tokens=True) == text


def test_every_text_begins_with_bos_and_only_with_one(saved):
    ids = saved(["The dog sleeps.", "犬が眠ります。"])["input_ids"]
    assert [row.count(saved.bos_token_id) for row in ids] == [1, 1]
    assert all(row[0] == saved.bos_token_id for row in ids)


def test_special_tokens_are_three_different_ones(saved):
    assert len({saved.bos_token_id, saved.eos_token_id, saved.pad_token_id}) == 3
    assert saved.eos_token_id not in saved("The dog sleeps.")["input_ids"]


def test_padding_stands_on_the_right_and_is_masked(saved):
    batch = saved(["The dog sleeps.", "The dog sleeps because the cat drinks milk."], padding=True)
    assert batch["input_ids"][0][-1] == saved.pad_token_id
    assert batch["attention_mask"][0][-1] == 0
    assert batch["attention_mask"][0][0] == 1


def test_kanji_are_never_glued_to_kana():
    tokenizer = train_tokenizer(["犬が猫を見ました。", "ソファーの犬が"] * 200, vocabulary=600)
    pieces = [
        tokenizer.decode([token]) for token in tokenizer("犬が猫をソファーで見ました。")["input_ids"][1:]
    ]
    assert pieces[:4] == ["犬", "が", "猫", "を"]
    assert "ソファー" in pieces


def test_same_texts_give_the_same_bytes(documents, tmp_path):
    digests = set()
    for name in ("a", "b"):
        train_tokenizer(documents, vocabulary=400).save_pretrained(tmp_path / name)
        digests.add(hashlib.sha256((tmp_path / name / "tokenizer.json").read_bytes()).hexdigest())
    assert len(digests) == 1


def test_vocabulary_is_a_limit(documents):
    assert len(train_tokenizer(documents, vocabulary=350)) == 350
