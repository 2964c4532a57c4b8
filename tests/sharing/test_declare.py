"""Masks declared in a dvc.yaml that a person wrote: nothing of theirs changes."""

import numpy as np
import pytest
import yaml
from dvc.repo import Repo

from polysteer.config import load_experiments
from polysteer.errors import SharingError
from polysteer.layout import Layout
from polysteer.masks import ExpertMask, MaskMetadata
from polysteer.sharing.catalogue import list_masks
from polysteer.sharing.declare import declare_masks

EXPERIMENTS = """
schema: 1
experiments:
  my_try:
    model: builtin
    corpus: {source: flores200, path: text, languages: [de, en, ja, "no"], find: 10, dev: 5, test: 5}
    targets: [de, ja, "no"]
    collect: {}
    rank: {}
    steer: {}
    embed: {}
    evaluate: {}
"""
PIPELINE = """# Wiring of mine.
stages:
    embed:   {cmd: steer embed, outs: [artifacts/x]}   # as I like it

artifacts:  # what we share
    mine:
        path: "artifacts/my_try/chosen/de.safetensors"
        type: mask

plots:
    - artifacts/plots
"""


@pytest.fixture
def entries(tmp_path):
    (tmp_path / "experiments.yaml").write_text(EXPERIMENTS)
    layout = Layout(tmp_path / "artifacts")
    for language in ("de", "ja", "no"):
        metadata = MaskMetadata(language=language, sites=["mlp.out"], experts="own", intervention="ablate")
        places = np.zeros(1, np.uint8), np.zeros(1, np.int32), np.zeros(1, np.int32)
        ExpertMask(metadata, *places).save(layout.experiment("my_try").chosen_mask(language))
    return list_masks(load_experiments(tmp_path / "experiments.yaml"), layout)


def declare(entries, tmp_path, text):
    (tmp_path / "dvc.yaml").write_text(text)
    new = declare_masks(entries, tmp_path / "dvc.yaml")
    return [declaration.name for declaration in new], (tmp_path / "dvc.yaml").read_text()


def test_what_is_missing_is_added_and_the_rest_stays_as_it_is(entries, tmp_path):
    names, text = declare(entries, tmp_path, PIPELINE)
    assert names == ["my-try-ja", "my-try-no"]
    kept = text.splitlines()
    start = kept.index("artifacts:  # what we share") + 1
    added = kept[start : start + 10]
    assert added[:5] == [
        "    my-try-ja:",
        "      path: artifacts/my_try/chosen/ja.safetensors",
        "      type: mask",
        "      labels:",
        "        - ja",
    ]
    assert kept[:start] + kept[start + 10 :] == PIPELINE.splitlines()
    assert yaml.safe_load(text)["artifacts"]["my-try-no"]["labels"] == ["no"]
    assert declare(entries, tmp_path, text) == ([], text)


@pytest.mark.parametrize(
    "text", ["", "stages: {}", "artifacts:\n", "artifacts: # none yet\n\nstages: {}\n", "# only a word"]
)
def test_dvc_reads_what_was_written(entries, tmp_path, text):
    names, written = declare(entries, tmp_path, text)
    assert all(line in written.splitlines() for line in text.splitlines())
    with Repo.init(str(tmp_path), no_scm=True) as repo:
        assert list(repo.artifacts.read()["dvc.yaml"]) == names
    assert len(names) == 3


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("artifacts: {a: {path: x}}\n", "give each entry lines of its own"),
        ("artifacts: [a]\n", "make it a mapping"),
        ("artifacts:\n  my-try-ja: {path: other}\n", "for another file, other; rename that"),
        ("a: [\n", "is no YAML"),
    ],
)
def test_files_that_cannot_be_added_to_stay_as_they_are(entries, tmp_path, text, complaint):
    with pytest.raises(SharingError, match=complaint):
        declare(entries, tmp_path, text)
    assert (tmp_path / "dvc.yaml").read_text() == text


def test_without_a_pipeline_there_is_a_way_to_one(entries, tmp_path):
    with pytest.raises(SharingError, match="`steer init` writes one"):
        declare_masks(entries, tmp_path / "dvc.yaml")
