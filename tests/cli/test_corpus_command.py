"""`steer corpus` and `steer corpus inspect` as they are registered in the one `steer`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from polysteer.corpus.corpus_table import Corpus

CORPUS = "{source: lines, files: {en: t.en, yor_Latn: t.yo}, dev: 2, test: 3}"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_experiment: Callable[..., Path]) -> Path:
    for lang in ("en", "yo"):
        (tmp_path / f"t.{lang}").write_text("".join(f"{lang} line {n}\n" for n in range(10)))
    write_experiment(tmp_path, corpus=CORPUS, targets="[yo]")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_text_is_written(project: Path, steer: Callable[..., Any]) -> None:
    done = steer("corpus", "mine")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "2 languages; meanings: find 5, dev 2, test 3" in done.stderr
    corpus = Corpus.read(project / "artifacts" / "mine" / "corpus")
    assert len(corpus.ids("test")) == 3
    assert steer("corpus").exit_code == 0, "all experiments of the file"


def test_a_target_that_the_text_lacks_is_refused_and_nothing_is_written(
    project: Path, steer: Callable[..., Any], write_experiment: Callable[..., Path]
) -> None:
    write_experiment(project, corpus=CORPUS, targets="[ja]")
    done = steer("corpus", "mine")
    assert done.exit_code == 1
    assert "targets: there is no text in 'ja'; there is en, yor_Latn" in done.stderr
    assert not (project / "artifacts").exists()


def test_inspect_and_wrong_usage(
    project: Path, steer: Callable[..., Any], write_experiment: Callable[..., Path]
) -> None:
    assert steer("corpus", "mine", "inspect").exit_code == 2
    write_experiment(project, corpus=CORPUS, targets="[yo]", model="./nowhere")
    for named in (["mine"], []):
        done = steer("corpus", "inspect", *named, "--json")
        assert (done.exit_code, done.stdout) == (1, "")
        assert "there is no folder ./nowhere" in done.stderr
    assert not (project / "artifacts").exists()
