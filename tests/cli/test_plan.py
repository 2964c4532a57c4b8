"""`steer plan` as a user runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.tiny_models import make_config, make_tokenizer

EXPERIMENTS = """
schema: 1
experiments:
  mine:
    model: {{id: {root}/model, device: cpu, dtype: float32}}
    corpus: {{source: lines, files: {{en: {root}/t.en, fi: {root}/t.fi}}, dev: 2, test: 3}}
    targets: [fi]
    collect: {{}}
    rank: {{}}
    steer: {{}}
    embed: {{}}
    evaluate: {{controls: 10, families: [retrieval]}}
"""
STEER = str(Path(sys.executable).with_name("steer"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Ten lines of three words in two languages, and a model of which only the config is there."""
    for lang in ("en", "fi"):
        (tmp_path / f"t.{lang}").write_text("".join(f"{lang} line {n}\n" for n in range(10)))
    make_tokenizer(["<unk>"], unknown="<unk>", unk_token="<unk>").save_pretrained(tmp_path / "model")
    config = make_config("GPT2", vocab=50, hidden=64, architectures=["GPT2LMHeadModel"])
    config.save_pretrained(tmp_path / "model")
    (tmp_path / "experiments.yaml").write_text(EXPERIMENTS.format(root=tmp_path))
    return tmp_path


def steer_plan(project: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([STEER, "plan", *options], cwd=project, capture_output=True, text=True, check=False)


def test_a_table_for_people_without_weights(project: Path) -> None:
    done = steer_plan(project, "mine")
    assert done.returncode == 0, done.stderr
    assert "2 languages; sentences: find 10, dev 4, test 6" in done.stdout
    assert "random neurons" in done.stdout
    assert "float32 on cpu" in done.stdout
    assert "minutes need a speed" in done.stderr


def test_json_for_programs(project: Path) -> None:
    found = json.loads(steer_plan(project, "mine", "--tokens-per-second", "2", "--json").stdout)
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
def test_wrong_usage(project: Path, options: list[str]) -> None:
    assert steer_plan(project, *options).returncode == 2


def test_the_only_experiment_needs_no_name(project: Path) -> None:
    assert steer_plan(project).stdout == steer_plan(project, "mine").stdout != ""
    lines = (project / "experiments.yaml").read_text().split("\n")
    more = [line.replace("mine", "more") for line in lines[3:]]
    (project / "experiments.yaml").write_text("\n".join([*lines, *more]))
    assert steer_plan(project).stderr == "steer: experiments.yaml has 2 experiments; name one: mine, more\n"


def test_what_cannot_be_planned_is_one_line(project: Path) -> None:
    done = steer_plan(project, "yours")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "steer: there is no experiment 'yours' in experiments.yaml; valid: mine\n"
    measured = steer_plan(project, "mine", "--measure")
    assert measured.returncode == 1
    assert "model" in measured.stderr
    assert "Traceback" not in measured.stderr
