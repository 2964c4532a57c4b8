"""The readers on the public data; set POLYSTEER_DATA to the folder that holds sib200, tatoeba and ud."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from polysteer.corpus.corpus_settings import make_settings
from polysteer.corpus.joining import read_corpus
from polysteer.corpus.parallel import count_shared

DATA = Path(os.environ.get("POLYSTEER_DATA", ""))

pytestmark = pytest.mark.skipif("POLYSTEER_DATA" not in os.environ, reason="POLYSTEER_DATA is not set")


def test_sib200_is_complete_and_as_csv_says() -> None:
    corpus = read_corpus(make_settings(source="sib200", path=DATA / "sib200"))
    assert {split: len(corpus.ids(split)) for split in corpus.splits} == {"find": 701, "dev": 99, "test": 204}
    assert all(len(corpus.pair_ids("en", lang, "find")) == 701 for lang in corpus.languages)
    assert corpus.findings.items == ()
    with (DATA / "sib200" / "jpn_Jpan" / "test.tsv").open(newline="") as file:
        rows = {row["index_id"]: row["text"] for row in csv.DictReader(file, delimiter="\t")}
    assert dict(zip(corpus.ids("test", "ja"), corpus.texts("ja", "test"), strict=True)) == rows


def test_tatoeba_has_a_thousand_pairs_with_english_alone() -> None:
    corpus = read_corpus(make_settings(source="tatoeba", path=DATA / "tatoeba", find=500, dev=200, test=300))
    assert corpus.languages == ("de", "en", "es", "fr", "ja", "ru")
    for lang in ("de", "es", "fr", "ja", "ru"):
        assert [len(corpus.pair_ids("en", lang, split)) for split in corpus.splits] == [500, 200, 300]
    assert corpus.pair_ids("de", "ja", "test") == []
    assert corpus.findings.count("duplicate_across_splits") == 0


def test_pud_aligns_its_thousand_sentences_in_six_languages() -> None:
    settings = make_settings(
        source="conllu", path=DATA / "ud", treebanks=("pud",), parallel=("pud",), find=500, dev=200
    )
    corpus = read_corpus(settings)
    assert corpus.languages == ("de", "en", "es", "fi", "fr", "tr")
    assert [len(corpus.ids(split)) for split in corpus.splits] == [500, 200, 300]
    assert all(len(corpus.pair_ids("en", lang, "test")) == 300 for lang in corpus.languages)
    text = (DATA / "ud" / "fr_pud-ud-test.conllu").read_text()
    n_words = len(re.findall(r"^\d+\t", text, flags=re.MULTILINE))
    tables = (corpus.rows("fr", split) for split in corpus.splits)
    assert sum(len(tokens) for table in tables for tokens in table["tokens"].to_pylist()) == n_words


def test_a_treebank_of_its_own_beside_the_parallel_ones() -> None:
    settings = make_settings(
        source="conllu", path=DATA / "ud", parallel=("pud",), find=300, dev=100, test=100
    )
    corpus = read_corpus(settings)
    assert len(corpus.ids("test", "ja")) == 100
    assert corpus.pair_ids("ja", "en", "test") == []


EXPERIMENTS = """\
schema: 1
experiments:
  joined:
    model: builtin
    corpus:
      source: joined
      languages: [en, de, ja]
      find: {{source: sib200, path: {data}/sib200, size: 20}}
      dev: {{source: tatoeba, path: {data}/tatoeba, size: 6}}
      test: {{source: tatoeba, path: {data}/tatoeba, size: 10}}
    targets: [ja]
    collect: {{sites: mlp.out}}
    rank: {{k: 0.02}}
    steer: {{}}
    embed: {{layers: [final]}}
    evaluate: {{controls: 2, resamples: 200, choose: {{cost_texts: 5}}}}
"""


def test_experts_from_sib200_and_all_of_tatoeba() -> None:
    part = {"source": "tatoeba", "path": DATA / "tatoeba"}
    find = {"source": "sib200", "path": DATA / "sib200", "take": ["train", "dev", "test"]}
    content = {"languages": ["en", "es", "de", "fr", "ja"], "find": find, "dev": part | {"size": 200}}
    corpus = read_corpus(make_settings(**{"source": "joined", **content, "test": part}))
    assert [len(corpus.ids(split)) for split in corpus.splits] == [1004, 800, 3200]
    pairs = count_shared(corpus, "test")
    assert set(pairs.compared) == {("de", "en"), ("en", "es"), ("en", "fr"), ("en", "ja")}
    assert corpus.findings.count("repeated_elsewhere") == 0


def test_a_whole_experiment_on_two_real_texts(tmp_path: Path) -> None:
    (tmp_path / "experiments.yaml").write_text(EXPERIMENTS.format(data=DATA))

    def steer(*words: str) -> str:
        command = [sys.executable, "-c", "from polysteer.cli.main import main; main()", *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    steer("run")
    summary = json.loads(steer("report", "--lang", "ja", "--format", "json"))["summary"]
    assert (summary["candidates"], summary["draws"]) == (10, 2)
    assert "ja" in steer("report")
