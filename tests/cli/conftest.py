"""`steer` run in this process as the shell runs it, and a tiny model with a mask to run it on."""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

LINES = "{source: lines, files: {en: t.en, fr: t.fr}, dev: 1, test: 1}"


class Outcome(NamedTuple):
    """What a person gets back."""

    exit_code: int
    stdout: str
    stderr: str


@pytest.fixture
def steer(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run a command, its words as one string or several."""
    from polysteer.cli.main import main

    def run(*words: object, stdin: str | bytes = "") -> Outcome:
        monkeypatch.setattr(sys, "argv", ["steer", *map(str, words)])
        content = stdin if isinstance(stdin, bytes) else stdin.encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))
        monkeypatch.setenv("COLUMNS", "100")
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        code = end.value.code
        return Outcome(code if isinstance(code, int) else int(code is not None), *capsys.readouterr())

    return run


@pytest.fixture
def write_experiment() -> Callable[..., Path]:
    """Write an experiment, its sections as they stand in YAML, into a folder's experiments.yaml."""

    def write(folder: Path, *, name: str = "mine", **sections: str) -> Path:
        usual = {"model": "builtin", "corpus": LINES, "targets": "[fr]"}
        usual |= dict.fromkeys(("collect", "rank", "steer", "embed", "evaluate"), "{}")
        lines = [f"    {key}: {section}\n" for key, section in (usual | sections).items()]
        file = folder / "experiments.yaml"
        file.write_text(f"schema: 1\nexperiments:\n  {name}:\n{''.join(lines)}")
        return file

    return write


@pytest.fixture
def make_project(tmp_path: Path, write_experiment: Callable[..., Path]) -> Callable[..., Path]:
    """Three lines of text in two languages, an experiment on them, and one number to ask for."""
    from polysteer.store import MetricRow, write_metrics

    def make(*, text: str = "line", model: str = "builtin") -> Path:
        for lang in ("en", "fr"):
            lines = (f"{lang} {n} {text}\n" for n in range(3))
            (tmp_path / f"t.{lang}").write_text("".join(lines), newline="")
        write_experiment(tmp_path)
        row = MetricRow(experiment="mine", model=model, fingerprint="0", metric="top1", value=0.5)
        write_metrics(tmp_path / "artifacts" / "metrics" / "mine.parquet", [row])
        return tmp_path

    return make


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with `model/`, `ja.safetensors` and `erase.safetensors` that fit it, and `texts.txt`."""
    from support.tiny_models import make_loud, make_model, make_tokenizer, save_model

    model = make_loud(make_model("Llama", vocab=50, max_position_embeddings=64))
    save_model(tmp_path / "model", model, make_tokenizer([f"w{i}" for i in range(50)], unknown="w0"))
    write_mask(tmp_path / "ja.safetensors", width=24)
    write_subspace(tmp_path / "erase.safetensors")
    (tmp_path / "texts.txt").write_text("".join(f"w{i} w{i + 1}\n" for i in range(10, 20)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_mask(path: Path, *, width: int, site: str = "mlp.hidden") -> None:
    """Five neurons of block 1, held far from what they are."""
    from polysteer.masks import ExpertMask, MaskMetadata

    metadata = MaskMetadata(
        language="ja",
        sites=[site],
        experts="own",
        intervention="set",
        model_family="llama",
        n_blocks=2,
        width_by_site={site: width},
    )
    units = np.arange(5, dtype=np.int32)
    ExpertMask(
        metadata, np.zeros(5, np.uint8), np.ones(5, np.int32), units, None, np.full(5, 30, np.float32)
    ).save(path)


def write_subspace(path: Path) -> None:
    """Two directions of the tiny model's last block."""
    from polysteer.masks import LanguageSubspace, SubspaceMetadata

    metadata = SubspaceMetadata(
        method="mean_difference", languages=["en", "ja", "fr"], layers=["2"], width=16, model_family="llama"
    )
    basis = np.linalg.qr(np.random.default_rng(0).normal(size=(16, 2)))[0].astype(np.float32)
    LanguageSubspace(metadata, np.zeros((1, 16), np.float32), basis[None], basis.T[None].copy()).save(path)


@pytest.fixture
def refuse(steer: Callable[..., Outcome], tiny: Path) -> Callable[..., str]:
    """Run what must fail: one message and no traceback, exit code 1, and no file more than before."""

    def run(*words: object, stdin: str | bytes = "") -> str:
        before = sorted(tiny.rglob("*"))
        outcome = steer(*words, stdin=stdin)
        assert outcome.exit_code == 1, outcome
        assert not outcome.stdout
        assert outcome.stderr.startswith("steer: ")
        assert outcome.stderr.count("\n") == 1
        assert sorted(tiny.rglob("*")) == before
        return outcome.stderr

    return run
