"""An experiment with every default written out."""

from typing import Any

from polysteer.config.schema import Experiment


def fill_in(experiment: Experiment) -> dict[str, Any]:
    """All settings in plain values; read again, they are the same experiment."""
    filled = experiment.model_dump(mode="json")
    checkpoints = [checkpoint.model_dump(mode="json") for checkpoint in experiment.model.checkpoints]
    filled["model"]["checkpoints"] = checkpoints  # which dumps leave out
    return filled
