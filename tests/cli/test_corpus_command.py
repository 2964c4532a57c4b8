"""`steer corpus` and `steer corpus inspect` as they are registered in the one `steer`."""

import subprocess
import sys
from pathlib import Path

import pytest

from polysteer.corpus.corpus_table import Corpus

EXPERIMENTS = """
schema: 1
experiments:
  mine:
    model: builtin
    corpus: {source: lines, files: {en: t.en, yor_Latn: t.yo}, dev: 2, test: 3}
    targets: [TARGET]
    collect: {}
    rank: {}
    steer: {}
    embed: {}
    evaluate: {}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for lang in ("en", "yo"):
        (tmp_path / f"t.{lang}").write_text("".join(f"{lang} line {n}\n" for n in range(10)))
    (tmp_path / "experiments.yaml").write_text(EXPERIMENTS.replace("TARGET", "yo"))
    return tmp_path


def steer(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("steer")), *words]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


def test_text_is_written(project: Path) -> None:
    done = steer(project, "corpus", "mine")
    assert (done.returncode, done.stdout) == (0, "")
    assert "2 languages; meanings: find 5, dev 2, test 3" in done.stderr
    corpus = Corpus.read(project / "artifacts" / "mine" / "corpus")
    assert len(corpus.ids("test")) == 3
    assert steer(project, "corpus").returncode == 0, "all experiments of the file"


def test_a_target_that_the_text_lacks_is_refused_and_nothing_is_written(project: Path) -> None:
    (project / "experiments.yaml").write_text(EXPERIMENTS.replace("TARGET", "ja"))
    done = steer(project, "corpus", "mine")
    assert done.returncode == 1
    assert "targets: there is no text in 'ja'; there is en, yor_Latn" in done.stderr
    assert not (project / "artifacts").exists()


def test_inspect_and_wrong_usage(project: Path) -> None:
    assert steer(project, "corpus", "mine", "inspect").returncode == 2
    (project / "experiments.yaml").write_text(
        EXPERIMENTS.replace("TARGET", "yo").replace("model: builtin", "model: ./nowhere")
    )
    for named in (["mine"], []):
        done = steer(project, "corpus", "inspect", *named, "--json")
        assert (done.returncode, done.stdout) == (1, "")
        assert "there is no folder ./nowhere" in done.stderr
    assert not (project / "artifacts").exists()
