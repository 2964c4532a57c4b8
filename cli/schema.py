"""`steer schema`: the JSON schema of experiments.yaml, for editors."""

import json


def schema() -> None:
    """Print the JSON schema of experiments.yaml."""
    from polysteer.config import Experiments

    print(json.dumps(Experiments.model_json_schema(), indent=2))
