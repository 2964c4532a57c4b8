"""`steer generate` as a user runs it."""

import json
from pathlib import Path

import pytest

from polysteer.corpus import identification

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
    pytest.importorskip("py3langid")
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


def test_a_language_subspace_steers_towards_no_language(steer) -> None:
    words = ("generate", "model", "--mask", "erase.safetensors", "--prompt", "w10 w11", *SHORT)
    assert json.loads(steer(*words, "--json").stdout)["target"] is None
    assert "prompt without erased" in " ".join(steer(*words).stdout.split())
