import math
import re
from dataclasses import replace

import pytest
import torch
from transformers import AutoTokenizer, LlamaForCausalLM

from polysteer.builtin.grammar import sample_meanings
from polysteer.builtin.model.held_out import measure_perplexity, write_held_out
from polysteer.builtin.model.recipe import train_builtin
from polysteer.builtin.model.revisions import list_revisions
from polysteer.errors import ModelError
from polysteer.progress import stay_silent


@pytest.fixture(scope="module")
def finished(tiny_plan, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    assert train_builtin(tiny_plan, folder, command="steer builtin train X", progress=stay_silent)
    return folder


def test_a_finished_run_holds_revisions_and_card_alone(finished):
    assert sorted(path.name for path in finished.iterdir()) == ["card.md", "stamp.json", "weights"]
    assert list_revisions(finished / "weights") == ["step-1", "step-3", "step-8", "main"]


def test_a_finished_run_is_not_made_again(finished, tiny_plan):
    before = (finished / "card.md").stat().st_mtime_ns
    assert not train_builtin(tiny_plan, finished, command="other", progress=stay_silent)
    assert (finished / "card.md").stat().st_mtime_ns == before


def test_a_finished_model_of_another_plan_is_kept(finished, tiny_plan):
    with pytest.raises(ModelError, match="finished model of another plan"):
        train_builtin(replace(tiny_plan, seed=9), finished, command="x", progress=stay_silent)
    assert list_revisions(finished / "weights")[-1] == "main"


def test_the_card_states_what_the_model_measures(finished, tiny_plan):
    card = (finished / "card.md").read_text()
    model = LlamaForCausalLM.from_pretrained(finished / "weights" / "main", dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(finished / "weights" / "main")
    assert f"{model.num_parameters():,} parameters" in card
    assert "steer builtin train X" in card
    rows = dict(re.findall(r"^\| ([a-z]{2}) \| ([\d.]+) \|$", card, re.MULTILINE))
    assert set(rows) == set(tiny_plan.languages)
    for language, lines in write_held_out(tiny_plan.languages).items():
        assert float(rows[language]) == pytest.approx(perplexity_by_hand(model, tokenizer, lines), abs=0.006)


def perplexity_by_hand(model, tokenizer, lines):
    """Sentence by sentence with the model's own loss, no batches and no padding."""
    total, count = 0.0, 0
    for line in lines:
        ids = tokenizer(line, return_tensors="pt")["input_ids"]
        with torch.inference_mode():
            total += model(input_ids=ids, labels=ids).loss.item() * (ids.shape[1] - 1)
        count += ids.shape[1] - 1
    return math.exp(total / count)


def test_perplexity_of_a_model_that_knows_nothing_is_its_vocabulary(finished):
    model = LlamaForCausalLM.from_pretrained(finished / "weights" / "main", dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(finished / "weights" / "main")
    torch.nn.init.zeros_(model.model.embed_tokens.weight)
    measured = measure_perplexity(
        model, tokenizer, {"en": ["The dog sleeps.", "It is cold and the dog sleeps."]}
    )
    assert measured == {"en": pytest.approx(len(tokenizer))}


def test_held_out_sentences_are_of_dev_and_none_of_test(languages):
    from polysteer.builtin.grammar import linearize

    dev = {linearize(m, "en").text for m in sample_meanings(300, seed=0, split="dev")}
    assert set(write_held_out(languages)["en"]) == dev
