"""Settings with every default written out are the same experiment."""

import json
from pathlib import Path

import pytest

from polysteer.config import Experiment, load_experiments
from polysteer.config.filling import fill_in

ROOT = Path(__file__).parents[2]
FILES = [ROOT / "experiments.yaml", *sorted((ROOT / "examples").glob("*.yaml"))]


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_what_is_filled_in_reads_as_it_was_meant(file: Path) -> None:
    for experiment in load_experiments(file).experiments.values():
        filled = json.loads(json.dumps(fill_in(experiment)))
        assert Experiment.model_validate(filled) == experiment
        assert filled["model"]["checkpoints"] == [
            {"id": one.id, "revision": one.revision} for one in experiment.model.checkpoints
        ]
