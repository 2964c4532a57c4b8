"""experiments.yaml: what may stand in it, and how it is read."""

from polysteer.config.experiments import load_experiments
from polysteer.config.experts import Candidate
from polysteer.config.schema import Experiment, Experiments

__all__ = ["Candidate", "Experiment", "Experiments", "load_experiments"]
