"""What docs/corpora.md and the examples say can be used as it stands."""

import re
from pathlib import Path

import pytest
import yaml

from polysteer.config import load_experiments
from polysteer.corpus.corpus_settings import make_settings
from polysteer.corpus.joining import read_corpus
from polysteer.corpus.parallel import check_comparable
from polysteer.corpus.sources import SOURCES

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "corpora.md").read_text()
NAMES = {source.name() for source in SOURCES}
BLOCKS = re.findall(r"```yaml\n(.*?)```", GUIDE, flags=re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_every_block_is_a_corpus_section(block: str) -> None:
    section = yaml.safe_load(block)
    assert make_settings(**section).source == section["source"]


def test_every_source_is_shown_and_listed() -> None:
    assert {yaml.safe_load(block)["source"] for block in BLOCKS} == NAMES | {"joined"}
    assert set(re.findall(r"^\| `(\w+)` \|", GUIDE, flags=re.MULTILINE)) == NAMES | {"joined"}


def write_paper_s_data(folder: Path) -> None:
    """Both corpora as they are distributed, as long as they are, with lines that say where they stand."""
    codes = {"eng": "eng_Latn", "spa": "spa_Latn", "deu": "deu_Latn", "fra": "fra_Latn", "jpn": "jpn_Jpan"}
    for part, n_lines in (("dev", 997), ("devtest", 1012)):
        (folder / "flores200_dataset" / part).mkdir(parents=True)
        for code in codes.values():
            text = "".join(f"{code} {part} {n}\n" for n in range(n_lines))
            (folder / "flores200_dataset" / part / f"{code}.{part}").write_text(text)
    (folder / "tatoeba").mkdir()
    for code in [code for code in codes if code != "eng"]:
        for side in (code, "eng"):
            text = "".join(f"{side} of {code} {n}\n" for n in range(1000))
            (folder / "tatoeba" / f"tatoeba.{code}-eng.{side}").write_text(text)


def test_the_paper_s_experiments_read_what_they_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    experiments = load_experiments(ROOT / "examples" / "paper.yaml").experiments
    assert set(experiments) == {f"{m}-{c}" for m in ("bloom", "aya", "polylm") for c in ("flores", "tatoeba")}
    write_paper_s_data(tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    for name, experiment in experiments.items():
        model, kind = name.split("-")
        assert experiment.targets == ("en", "es", "de", "fr", "ja")
        assert experiment.model.id.split("/")[1].startswith(model)
        assert experiment.corpus.source == ("flores200" if kind == "flores" else "joined")
    flores, both = (read_corpus(experiments[f"bloom-{kind}"].corpus) for kind in ("flores", "tatoeba"))
    for split, n_meanings in (("find", 997), ("dev", 400)):
        assert len(flores.ids(split)) == len(both.ids(split)) == n_meanings
        assert flores.texts("ja", split) == both.texts("ja", split)
    assert len(flores.ids("test")) == 612
    assert all(len(both.pair_ids("en", lang, "test")) == 1000 for lang in ("es", "de", "fr", "ja"))
    check_comparable(both, both.languages)
