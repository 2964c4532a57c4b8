import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from polysteer.errors import ModelError
from polysteer.models.tokens import (
    Cuts,
    find_pad_id,
    find_special_ids,
    keep_read,
    locate_tokens,
    mark_real,
    recall_special_ids,
    remember_special_ids,
    tokenize_texts,
)

WORDS = ["<unk>", "<s>", "</s>", "<pad>", "a", "b", "c", "d"]


def make_tokenizer(*, adds_bos: bool = True, **names: str) -> PreTrainedTokenizerFast:
    inner = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if adds_bos:
        inner.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return PreTrainedTokenizerFast(tokenizer_object=inner, **names)


ALL = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}


def test_texts_lie_one_after_the_other() -> None:
    tokens = tokenize_texts(make_tokenizer(**ALL), ["a b", "c nowhere"])
    assert tokens.ids.tolist() == [1, 4, 5, 1, 6, 0]
    assert tokens.n_tokens.tolist() == [3, 3]
    assert (tokens.special_ids, tokens.pad_id, tokens.n_truncated) == ((1, 2, 3), 3, 0)
    assert tokens.n_real.tolist() == [2, 2]
    assert tokenize_texts(make_tokenizer(**ALL), ["a"], include_specials=True).n_real.tolist() == [2]
    assert tokenize_texts(make_tokenizer(**ALL), []).n_tokens.tolist() == []


def test_long_texts_are_cut_and_counted() -> None:
    tokens = tokenize_texts(make_tokenizer(**ALL), ["a b c d", "a"], max_tokens=3)
    assert (tokens.ids.tolist(), tokens.n_truncated) == ([1, 4, 5, 1, 4], 1)
    limited = make_tokenizer(**ALL)
    limited.model_max_length = 2
    for max_tokens in (None, 3):
        assert tokenize_texts(limited, ["a b c"], max_tokens=max_tokens).ids.tolist() == [1, 4]


def test_of_a_text_far_too_long_a_beginning_is_enough(notices: list[str]) -> None:
    longest_asked = 0

    class Watched(PreTrainedTokenizerFast):
        def __call__(self, texts, **options):
            nonlocal longest_asked
            longest_asked = max(longest_asked, *map(len, [texts, ""] if isinstance(texts, str) else texts))
            return super().__call__(texts, **options)

    tokenizer = Watched(tokenizer_object=make_tokenizer(**ALL).backend_tokenizer, **ALL)
    texts = ["b" + " c" * 1_000_000, "a", " " * 5000 + "d" * 200 + " a b c d"]
    tokens, cuts = tokenize_texts(tokenizer, texts, max_tokens=4), Cuts()
    assert longest_asked < 20_000
    assert [row.tolist() for row in np.split(tokens.ids, tokens.starts[1:-1])] == [
        [1, 5, 6, 6],
        [1, 4],
        [1, 0, 4, 5],
    ]
    assert len(locate_tokens(tokenizer, texts, tokens)) == 10
    assert keep_read(tokenizer, texts, tokens) == ["b c c", "a", texts[2][:5204]]
    cuts.add(tokens)
    cuts.add(tokenize_texts(tokenizer, ["a"], max_tokens=4))
    cuts.tell()
    assert notices == ["2 of 4 texts were cut to 4 tokens, the most that the model reads"]


def test_an_unknown_word_is_text_unless_one_token_serves_for_all() -> None:
    assert find_special_ids(make_tokenizer(**ALL)) == (1, 2, 3)
    assert find_special_ids(make_tokenizer(unk_token="</s>", bos_token="</s>", eos_token="</s>")) == (2,)


def test_padding_needs_no_pad_token() -> None:
    assert find_pad_id(make_tokenizer(**ALL)) == 3
    assert find_pad_id(make_tokenizer(eos_token="</s>")) == 2
    assert find_pad_id(make_tokenizer()) == 0


def test_a_text_without_tokens_is_named() -> None:
    with pytest.raises(ModelError, match=r"text 1 \(' '\) has no tokens"):
        tokenize_texts(make_tokenizer(adds_bos=False, **ALL), ["a", " "])


def test_real_tokens_are_neither_padding_nor_special() -> None:
    ids, mask = torch.tensor([[1, 4, 2, 2]]), torch.tensor([[1, 1, 1, 0]])
    assert mark_real(ids, mask, torch.tensor([1, 3])).tolist() == [[False, True, True, False]]
    assert mark_real(ids, mask, torch.tensor([], dtype=torch.int64)).tolist() == [[True, True, True, False]]
    assert mark_real(ids, None, None) is None
    assert mark_real(None, mask, torch.tensor([1])).tolist() == [[True, True, True, False]]


def test_a_model_recalls_its_tokenizers_specials_or_its_configs(llama: PreTrainedModel) -> None:
    assert recall_special_ids(llama) == (0, 1, 2)
    llama.config.eos_token_id = [2, 9]
    assert recall_special_ids(llama) == (0, 1, 2, 9)
    remember_special_ids(llama, make_tokenizer(bos_token="<s>"))
    assert recall_special_ids(llama) == (1,)
