"""`steer schema`: the JSON schema of experiments.yaml, for editors."""

from polysteer.cli.output import print_json


def schema() -> None:
    """Print the JSON schema of experiments.yaml."""
    from polysteer.config import Experiments

    print_json(Experiments.model_json_schema())
