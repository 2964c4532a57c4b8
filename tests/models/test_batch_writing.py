"""Batches of texts against `generate` called for one text at a time."""

import pytest
import torch
import transformers as hf
from tokenizers import Tokenizer, models, pre_tokenizers
from tokenizers.processors import TemplateProcessing

from polysteer.errors import ModelError
from polysteer.models.batch_writing import write_texts
from polysteer.models.loading import LoadedModel
from polysteer.models.written_text import Writing
from support.families import of_families
from support.tiny_models import make_loud

TEXTS = ["w30 w31", "w40 w41 w42 w43 w44 w45 w46", "w50", "w60 w61 w62 w63", "w70 w71 w72 w73 w74 w75"]


@pytest.fixture(scope="module")
def tokenizer() -> hf.PreTrainedTokenizerFast:
    """Words by number, <s> before every text and </s> after it."""
    words = {"<pad>": 0, "<s>": 1, "</s>": 2} | {f"w{i}": i for i in range(3, 97)}
    inner = Tokenizer(models.WordLevel(words, unk_token="w3"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    inner.post_processor = TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)])
    return hf.PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="<pad>", bos_token="<s>", eos_token="</s>"
    )


def write_by_hand(model, tokenizer, text: str, n_new: int, n_kept: int | None = None) -> str:
    """Token by token: the whole text is read anew for each, and nothing is padded."""
    words = text.split()[:n_kept]
    ids = [1, *(int(word[1:]) for word in words)]
    for _ in range(n_new):
        with torch.no_grad():
            best = int(model(input_ids=torch.tensor([ids])).logits[0, -1].argmax())
        if best == model.generation_config.eos_token_id:
            break
        ids.append(best)
    return tokenizer.decode(ids[1 + len(words) :], skip_special_tokens=True)


@of_families(lambda family: not family.writes)
def test_an_encoder_writes_no_text(model, tokenizer) -> None:
    with pytest.raises(ModelError, match="writes no text"):
        write_texts(LoadedModel(model, tokenizer), TEXTS, Writing(6))


@of_families(lambda family: family.writes)
def test_a_batch_writes_what_each_text_gets_by_itself(family, tokenizer) -> None:
    model = make_loud(family.build())
    loaded = LoadedModel(model, tokenizer)
    by_hand = [write_by_hand(model, tokenizer, text, 6) for text in TEXTS]
    written = write_texts(loaded, TEXTS, Writing(6))
    assert [one.text for one in written] == by_hand
    assert [one.prompt for one in written] == TEXTS
    assert len(set(by_hand)) > 2
    one_by_one = write_texts(loaded, TEXTS, Writing(6), token_budget=1)
    assert [one.text for one in one_by_one] == by_hand


@pytest.fixture
def loaded(llama: hf.PreTrainedModel, tokenizer) -> LoadedModel:
    return LoadedModel(make_loud(llama), tokenizer)


def test_prompts_are_cut_after_real_tokens(loaded) -> None:
    written = write_texts(loaded, TEXTS, Writing(5, prompt_tokens=2))
    assert [one.prompt for one in written] == ["w30 w31", "w40 w41", "w50", "w60 w61", "w70 w71"]
    for text, one in zip(TEXTS, written, strict=True):
        assert one.text == write_by_hand(*loaded, text, 5, n_kept=2)


def test_a_text_ends_where_it_should(loaded) -> None:
    """At a string, at the model's own end, and never with what `generate` fills up with."""
    whole = [one.text for one in write_texts(loaded, TEXTS, Writing(8))]
    stop = whole[0].split()[3]
    stopped = [one.text for one in write_texts(loaded, TEXTS, Writing(8, stop=stop))]
    assert stopped == [text.partition(stop)[0] for text in whole]
    assert stopped[0] != whole[0]
    end = int(whole[1].split()[2][1:])
    loaded.model.generation_config.eos_token_id = [2, end]
    ended = [one.text for one in write_texts(loaded, TEXTS, Writing(8))]
    assert ended == [" ".join(text.split()[: (text + f" w{end}").split().index(f"w{end}")]) for text in whole]
    assert len(ended[1].split()) == 2


def test_a_prompt_without_room_is_named(loaded) -> None:
    with pytest.raises(ModelError, match=r"'w40 w41 .*' has 8 tokens, and with 60 new ones they exceed"):
        write_texts(loaded, TEXTS, Writing(60))
