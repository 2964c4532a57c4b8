"""`steer plan` as a user runs it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.tiny_models import make_config, make_tokenizer

pytestmark = pytest.mark.usefixtures("project")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_experiment: Callable[..., Path]) -> Path:
    """Ten lines of three words in two languages, and a model of which only the config is there."""
    for lang in ("en", "fi"):
        (tmp_path / f"t.{lang}").write_text("".join(f"{lang} line {n}\n" for n in range(10)))
    make_tokenizer(["<unk>"], unknown="<unk>", unk_token="<unk>").save_pretrained(tmp_path / "model")
    config = make_config("GPT2", vocab=50, hidden=64, architectures=["GPT2LMHeadModel"])
    config.save_pretrained(tmp_path / "model")
    write_experiment(
        tmp_path,
        model="{id: ./model, device: cpu, dtype: float32}",
        corpus="{source: lines, files: {en: t.en, fi: t.fi}, dev: 2, test: 3}",
        targets="[fi]",
        evaluate="{controls: 10, families: [retrieval]}",
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_table_for_people_without_weights(steer: Callable[..., Any]) -> None:
    done = steer("plan", "mine")
    assert done.exit_code == 0, done.stderr
    assert "2 languages; sentences: find 10, dev 4, test 6" in done.stdout
    assert "random neurons" in done.stdout
    assert "float32 on cpu" in done.stdout
    assert "minutes need a speed" in done.stderr


def test_json_for_programs(steer: Callable[..., Any]) -> None:
    found = json.loads(steer("plan", "mine", "--tokens-per-second", "2", "--json").stdout)
    # 5 + 2 + 3 sentences of 3 tokens in 2 languages; one candidate on dev, chosen on find and test, 10 draws
    # of random neurons, 3 each of the other two controls.
    reading = {
        "collect": 30,
        "baseline": 60,
        "candidates on dev": 12,
        "chosen on find, test": 48,
        "random neurons": 180,
        "the experts' values": 108,
    }
    assert {job["name"]: job["forward_tokens"] for job in found["jobs"]} == reading
    assert found["forward_tokens"] == sum(reading.values()) == 438
    assert found["loss_tokens"] == 0
    assert found["minutes"] == pytest.approx(438 / 2 / 60)
    assert found["neurons"] == 2 * 64
    assert found["disk_bytes"] == sum(found["stored"].values())
    assert found["memory"]["total"] > found["memory"]["weights"] == 4 * found["parameters"]


@pytest.mark.parametrize(
    "options", [["mine", "--measure", "--tokens-per-second", "5"], ["mine", "--tokens-per-second", "nan"]]
)
def test_wrong_usage(steer: Callable[..., Any], options: list[str]) -> None:
    assert steer("plan", *options).exit_code == 2


def test_the_only_experiment_needs_no_name(project: Path, steer: Callable[..., Any]) -> None:
    assert steer("plan").stdout == steer("plan", "mine").stdout != ""
    lines = (project / "experiments.yaml").read_text().split("\n")
    more = [line.replace("mine", "more") for line in lines[2:]]
    (project / "experiments.yaml").write_text("\n".join([*lines, *more]))
    assert steer("plan").stderr == "steer: experiments.yaml has 2 experiments; name one: mine, more\n"


def test_what_cannot_be_planned_is_one_line(steer: Callable[..., Any]) -> None:
    done = steer("plan", "yours")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "steer: there is no experiment 'yours' in experiments.yaml; valid: mine\n"
    measured = steer("plan", "mine", "--measure")
    assert measured.exit_code == 1
    assert "model" in measured.stderr
    assert "Traceback" not in measured.stderr
