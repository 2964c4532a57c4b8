"""Reading experiments.yaml: once, strictly, with the line of every mistake."""

from pathlib import Path

from pydantic import ValidationError

from polysteer.config.mistakes import describe_problems
from polysteer.config.schema import SCHEMA_VERSION, Experiment, Experiments
from polysteer.config.section import suggest
from polysteer.config.yamlfile import read_document
from polysteer.errors import ConfigError


def load_experiments(path: Path) -> Experiments:
    """The checked content of an experiments file."""
    document = read_document(path)
    version = document.data.get("schema")
    if version is True or version != SCHEMA_VERSION:
        raise ConfigError(
            f"{document.find(('schema',)).place}: schema is {version!r}, this version of polysteer "
            f"reads {SCHEMA_VERSION}; write 'schema: {SCHEMA_VERSION}' at the top or install the version "
            "that wrote it"
        )
    try:
        return Experiments.model_validate(document.data)
    except ValidationError as error:
        raise ConfigError("\n".join(describe_problems(error, document, Experiments))) from error


def find_experiment(experiments: Experiments, name: str, path: Path) -> Experiment:
    """One experiment by name; a wrong name is answered with the nearest right one."""
    if name in experiments.experiments:
        return experiments.experiments[name]
    raise ConfigError(
        f"there is no experiment {name!r} in {path}{suggest(name, list(experiments.experiments))}"
    )


def name_one(experiments: Experiments, asked: str | None, path: Path) -> str:
    """The name that was asked for, or that of the file's only experiment, which nobody has to write."""
    names = list(experiments.experiments)
    if asked is not None:
        return asked
    if len(names) == 1:
        return names[0]
    raise ConfigError(f"{path} has {len(names)} experiments; name one: {', '.join(names)}")
