"""The Python in docs/corpora.md runs as it stands, after the command that it needs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from polysteer.corpus.corpus_settings import make_settings
from polysteer.corpus.joining import read_corpus

GUIDE = (Path(__file__).parents[2] / "docs" / "corpora.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", GUIDE, flags=re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_python_runs_in_a_project_that_has_its_corpus(block: str, tmp_path: Path) -> None:
    settings = make_settings(source="builtin", languages=("en", "ja"), find=5, dev=5, test=5)
    corpus = read_corpus(settings)
    corpus.write(tmp_path / "artifacts" / "builtin" / "corpus")
    done = subprocess.run(
        [sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    english, japanese = (
        dict(zip(corpus.ids("test"), corpus.texts(lang, "test"), strict=True)) for lang in ("en", "ja")
    )
    expected = [f"{english[id_]} | {japanese[id_]}" for id_ in corpus.ids("test")[:3]]
    assert done.stdout.splitlines() == expected


def test_there_is_such_a_block() -> None:
    assert BLOCKS
