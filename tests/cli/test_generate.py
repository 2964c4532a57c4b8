"""`steer generate` as a user runs it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from polysteer import ExpertMask, load_model
from polysteer.corpus import identification
from polysteer.masks import ChosenSettings

SHORT = ("--max-new-tokens", "6", "--dtype", "float32")

pytestmark = pytest.mark.usefixtures("tiny")


def test_texts_stand_side_by_side(steer) -> None:
    words = (
        "generate",
        "model",
        "--mask",
        "ja.safetensors",
        "--prompt",
        "w10 w11",
        "--prompt",
        "w30",
        *SHORT,
    )
    answer = json.loads(steer(*words, "--json").stdout)
    assert (answer["model"], answer["target"], answer["strength"]) == ("model", "ja", 1.0)
    assert [row["prompt"] for row in answer["results"]] == ["w10 w11", "w30"]
    for row in answer["results"]:
        assert row["seed"] == 0
        assert len(row["plain"]["text"].split()) == 6
        assert row["plain"]["text"] != row["steered"]["text"]
    drawn = " ".join(steer(*words).stdout.split())
    assert "prompt without with ja" in drawn
    assert answer["results"][1]["plain"]["text"].split()[0] in drawn
    assert (
        json.loads(steer(*words, "--json", "--strength", "0").stdout)["results"][0]["steered"]["text"]
        == (answer["results"][0]["plain"]["text"])
    )


def test_each_prompt_has_the_seed_anew(steer) -> None:
    words = ("generate", "model", "--mask", "ja.safetensors", "--json", *SHORT)

    def write(*more: str, stdin: str = "") -> list[dict]:
        return json.loads(steer(*words, *more, stdin=stdin).stdout)["results"]

    both = write(stdin="w10 w11\n\nw30\n")
    assert write("--prompt", "w30") == both[1:]
    assert write("--prompt", "w30", "--seed", "5") != both[1:]
    greedy = [write("--prompt", "w30", "--temperature", "0", "--seed", seed) for seed in ("1", "2")]
    assert greedy[0][0]["plain"] == greedy[1][0]["plain"]


def test_the_language_is_told_where_that_is_installed(
    steer, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("generate", "model", "--mask", "ja.safetensors", "--prompt", "w10", "--json", *SHORT)
    monkeypatch.setattr(identification, "is_installed", lambda: False)
    outcome = steer(*words)
    assert json.loads(outcome.stdout)["results"][0]["plain"]["language"] is None
    assert "pip install 'polysteer[langid]'" in outcome.stderr
    monkeypatch.undo()
    monkeypatch.chdir(tiny)
    said = json.loads(steer(*words, "--among", "de,ja").stdout)["results"][0]["plain"]
    assert said["language"] in ("de", "ja")
    assert 0 < said["probability"] <= 1


def test_prompts_that_cannot_be_used(steer, refuse) -> None:
    words = ("generate", "model", "--mask", "ja.safetensors")
    assert steer(*words, stdin=" \n").exit_code == 2
    assert "the prompt '' has no tokens" in refuse(*words, "--prompt", "")
    assert "exceed the model's 64" in refuse(*words, "--prompt", "w1 " * 30)
    assert "strength is 3.0" in refuse(*words, "--prompt", "w1", "--strength", "3")
    assert "no such intervention: 'hold'" in refuse(*words, "--prompt", "w1", "--intervention", "hold")


def test_what_no_option_can_be(steer, refuse) -> None:
    words = ("generate", "model", "--mask", "ja.safetensors", "--prompt", "w1")
    for seed in ("-1", "9223372036854775808", "1" + "0" * 40):
        assert f"seed is {seed}; give a whole number from 0 to 2^63 - 1" in refuse(*words, "--seed", seed)
    assert steer(*words, *SHORT, "--seed", 2**63 - 1).exit_code == 0
    assert "temperature is inf" in refuse(*words, "--temperature", "inf")
    for option in ("--temperature", "--top-p"):
        assert steer(*words, option, "nan").exit_code == 2


def test_prompts_of_stdin_stand_where_a_dash_does(steer, refuse) -> None:
    words = (
        "generate",
        "model",
        "--mask",
        "ja.safetensors",
        "--json",
        *SHORT,
        "--prompt",
        "w30",
        "--prompt",
        "-",
    )
    results = json.loads(steer(*words, stdin="w10 w11\n\nw12\n").stdout)["results"]
    assert [row["prompt"] for row in results] == ["w30", "w10 w11", "w12"]
    assert "line 2 of stdin is not UTF-8" in refuse(*words, stdin=b"w1\n\xff\xfe\n")
    assert "a --prompt is not UTF-8" in refuse(*words[:-1], "w\udcff")


def test_a_chosen_mask_is_held_as_it_was_chosen(steer) -> None:
    mask = ExpertMask.load("ja.safetensors")
    chosen = ChosenSettings(
        strength=0.25, where="last", layer="1", pool="max", specials=False, dtype="float32"
    )
    replace(mask, metadata=mask.metadata.model_copy(update={"chosen": chosen})).save("chosen.safetensors")
    words = ("generate", "model", "--prompt", "w10 w11", "--max-new-tokens", "6", "--json", "--mask")
    taken = steer(*words, "chosen.safetensors")
    assert taken.stderr.splitlines()[0] == "strength 0.25, where last, dtype float32: as chosen"
    given = ("--strength", "0.25", "--where", "last", "--dtype", "float32")
    named, full = (json.loads(steer(*words, "ja.safetensors", *more).stdout) for more in (given, given[4:]))
    answer = json.loads(taken.stdout)
    assert (answer["strength"], answer["where"]) == (0.25, "last")
    assert answer["results"] == named["results"]
    assert answer["results"] != full["results"]


def test_what_comes_next_has_to_be_a_number(refuse) -> None:
    model, tokenizer = load_model("model", dtype="float32")
    model.lm_head.weight.data[7] = torch.nan
    model.save_pretrained("broken")
    tokenizer.save_pretrained("broken")
    words = ("generate", "broken", "--mask", "ja.safetensors", "--prompt", "w1", *SHORT)
    for temperature in ("0", "1"):
        assert "what the model expects next is not finite" in refuse(*words, "--temperature", temperature)


def test_a_language_subspace_steers_towards_no_language(steer) -> None:
    words = ("generate", "model", "--mask", "erase.safetensors", "--prompt", "w10 w11", *SHORT)
    assert json.loads(steer(*words, "--json").stdout)["target"] is None
    assert "prompt without erased" in " ".join(steer(*words).stdout.split())
