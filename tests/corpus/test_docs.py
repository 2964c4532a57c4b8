"""What docs/corpora.md and the examples say can be used as it stands."""

import re
from pathlib import Path

import pytest
import yaml
from pydantic import TypeAdapter

from polysteer.config import load_experiments
from polysteer.corpus.settings import CorpusSettings
from polysteer.corpus.sources import READERS

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "corpora.md").read_text()
BLOCKS = re.findall(r"```yaml\n(.*?)```", GUIDE, flags=re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_every_block_is_a_corpus_section(block: str) -> None:
    TypeAdapter(CorpusSettings).validate_python(yaml.safe_load(block))


def test_every_source_is_shown_and_listed() -> None:
    assert {yaml.safe_load(block)["source"] for block in BLOCKS} == set(READERS)
    assert set(re.findall(r"^\| `(\w+)` \|", GUIDE, flags=re.MULTILINE)) == set(READERS)


def test_the_paper_s_experiments_can_be_loaded() -> None:
    experiments = load_experiments(ROOT / "examples" / "paper.yaml").experiments
    assert len(experiments) == 6
    for name, experiment in experiments.items():
        is_flores = name.endswith("flores")
        assert experiment.targets == (("en", "es", "de", "fr", "ja") if is_flores else ("en", "ja"))
        assert experiment.corpus.source == ("flores200" if is_flores else "tatoeba")
        assert experiment.model.id.split("/")[1].startswith(name.split("-")[0])
