"""Reading experiments.yaml: once, strictly, with the line of every mistake."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from polysteer.config.schema import SCHEMA_VERSION, Experiment, Experiments
from polysteer.config.section import suggest
from polysteer.errors import ConfigError


def load_experiments(path: Path) -> Experiments:
    """The checked content of an experiments file."""
    text = _read_text(path)
    root = _compose(text, path)
    data = yaml.safe_load(text)
    version = data.get("schema")
    if version != SCHEMA_VERSION:
        raise ConfigError(
            f"{path}:{_line_of(root, ('schema',))}: schema is {version!r}, this version of polysteer "
            f"reads {SCHEMA_VERSION}; write 'schema: {SCHEMA_VERSION}' at the top or install the version "
            "that wrote it"
        )
    try:
        return Experiments.model_validate(data)
    except ValidationError as error:
        problems = [f"{path}:{_describe(problem, root)}" for problem in error.errors()]
        raise ConfigError("\n".join(problems)) from error


def find_experiment(experiments: Experiments, name: str | None, path: Path) -> Experiment:
    """One experiment by name, or the only one; a wrong name is answered with the nearest right one."""
    if name is None:
        return _find_only(experiments, path)
    if name in experiments.experiments:
        return experiments.experiments[name]
    raise ConfigError(
        f"there is no experiment {name!r} in {path}{suggest(name, list(experiments.experiments))}"
    )


def _find_only(experiments: Experiments, path: Path) -> Experiment:
    found = experiments.experiments
    if len(found) == 1:
        return next(iter(found.values()))
    raise ConfigError(f"{path} has {len(found)} experiments; name one: {', '.join(found)}")


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(
            f"there is no {path}; run from the folder that holds it or one below, or name it with --file"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error


def _compose(text: str, path: Path) -> yaml.MappingNode:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{path}:{line}: not valid YAML: {error.problem}") from error
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError(f"{path}:1: must hold the keys 'schema' and 'experiments'")
    _refuse_duplicate_keys(root, path)
    return root


def _refuse_duplicate_keys(node: yaml.Node, path: Path) -> None:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_duplicate_keys(item, path)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        if key.value in seen:
            raise ConfigError(f"{path}:{key.start_mark.line + 1}: the key {key.value!r} stands twice")
        seen.add(key.value)
        _refuse_duplicate_keys(value, path)


def _line_of(root: yaml.Node, location: tuple[int | str, ...]) -> int:
    return _walk(root, location)[0].start_mark.line + 1


def _walk(root: yaml.Node, location: tuple[int | str, ...]) -> tuple[yaml.Node, list[str]]:
    """The deepest node on the way to `location` and the keys walked; steps the YAML lacks are passed over."""
    node, marker, walked = root, root, list[str]()
    for step in location:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(step):
                    node, marker = value, key
                    walked.append(str(step))
                    break
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = marker = node.value[step]
            walked.append(str(step))
    return marker, walked


def _describe(problem: ErrorDetails, root: yaml.Node) -> str:
    location = problem["loc"]
    marker, walked = _walk(root, location)
    line = f"{marker.start_mark.line + 1}: "
    where = ".".join(walked)
    if problem["type"] == "extra_forbidden":
        parent = ".".join(walked[:-1]) or "the file"
        wrong = str(location[-1])
        return f"{line}unknown key {wrong!r} in {parent}{suggest(wrong, _keys_beside(location))}"
    if problem["type"] == "missing":
        return f"{line}{where or 'the file'} lacks the key {location[-1]!r}{_remedy_for_missing(location)}"
    if problem["type"] == "union_tag_invalid":
        wrong, valid = problem["ctx"]["tag"], problem["ctx"]["expected_tags"].replace("'", "").split(", ")
        return f"{line}{where}: there is no source {wrong!r}{suggest(wrong, valid)}"
    message = problem["msg"].removeprefix("Value error, ")
    given = problem["input"]
    shown = f" (given: {given!r})" if isinstance(given, str | int | float | bool | None) else ""
    return f"{line}{where}: {message}{shown}"


def _remedy_for_missing(location: tuple[int | str, ...]) -> str:
    sections = ("collect", "rank", "steer", "embed", "evaluate")
    return f"; write '{location[-1]}: {{}}' for its defaults" if location[-1] in sections else ""


def _keys_beside(location: tuple[int | str, ...]) -> list[str]:
    """The keys that the schema allows where an unknown one stood."""
    schema: dict[str, Any] = Experiments.model_json_schema()
    node = schema
    for step in location[:-1]:
        node = _descend(schema, node, step)
    return sorted(_resolve(schema, node).get("properties", {}))


def _descend(schema: dict[str, Any], node: dict[str, Any], step: int | str) -> dict[str, Any]:
    node = _resolve(schema, node)
    if "discriminator" in node:
        reference: str = node["discriminator"]["mapping"].get(step, "")
        return {"$ref": reference} if reference else {}
    inside = node.get("items") if isinstance(step, int) else node.get("additionalProperties")
    child: dict[str, Any] = node.get("properties", {}).get(step) or inside or {}
    return child


def _resolve(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].removeprefix("#/$defs/")]
    return node
