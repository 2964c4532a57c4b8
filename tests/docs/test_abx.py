"""docs/abx.md and the examples it names: settings that load, metrics that docs/store.md lists too."""

import re
from pathlib import Path

import pytest
import yaml

from polysteer.builtin.model.revisions import list_revisions
from polysteer.config import load_experiments
from polysteer.config.evaluate import EvaluateSettings
from polysteer.config.model import ModelSettings
from polysteer.config.schema import EmbedSettings

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "abx.md").read_text()
SECTIONS = {"model": ModelSettings, "embed": EmbedSettings, "evaluate": EvaluateSettings}


@pytest.mark.parametrize("block", re.findall(r"```yaml\n(.*?)```", GUIDE, flags=re.DOTALL))
def test_every_block_is_a_section(block: str) -> None:
    ((name, content),) = yaml.safe_load(block).items()
    assert SECTIONS[name].model_validate(content).model_fields_set == content.keys()


def test_metrics_are_called_what_the_store_calls_them() -> None:
    named = set(re.findall(r"`((?:abx|probe|centroid)_\w+|cka|mexa|isoscore|silhouette)`", GUIDE))
    stored = (ROOT / "docs" / "store.md").read_text()
    assert len(named) > 10
    assert [metric for metric in named if f"`{metric}`" not in stored] == []


@pytest.mark.parametrize("name", ["abx-checkpoints.yaml", "abx-builtin.yaml"])
def test_examples_can_be_loaded_and_steer_nothing(name: str) -> None:
    for experiment in load_experiments(ROOT / "examples" / name).experiments.values():
        assert experiment.targets == ()
        assert len(experiment.model.checkpoints) == 3
        assert {"abx", "probes"} <= set(experiment.evaluate.families)


def test_the_built_in_example_names_the_revisions_that_are_shipped() -> None:
    example = load_experiments(ROOT / "examples" / "abx-builtin.yaml").experiments["training"]
    named = [checkpoint.revision for checkpoint in example.model.checkpoints]
    assert [*named, "main"] == list_revisions()
