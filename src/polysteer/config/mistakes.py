"""What pydantic found wrong, in plain words: where it stands, what is right, and what was given."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from polysteer.config.section import find_nearest, suggest
from polysteer.config.yamlfile import Document, Found, quote_hint
from polysteer.fields import MisplacedError
from polysteer.numbers import write_exactly

_MOST_PLACES = 20
_MOST_CHARACTERS = 100

_RIGHT = {
    "string_type": "text",
    "path_type": "a path",
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a section of keys",
    "model_type": "a section of keys",
    "model_attributes_type": "a section of keys",
    "greater_than": "above {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "below {lt}",
    "less_than_equal": "at most {le}",
    "too_short": "a list of at least {min_length}",
}


def describe_problems(error: ValidationError, document: Document, model: type[BaseModel]) -> list[str]:
    """A line for each place with a mistake; where a value fits none of several kinds, the kinds together."""
    by_path: dict[tuple[str, ...], list[ErrorDetails]] = {}
    for problem in error.errors(include_url=False):
        by_path.setdefault(_find_path(problem, document), []).append(problem)
    around = {path[:depth] for path in by_path for depth in range(len(path))}
    deepest = [problems for path, problems in by_path.items() if path not in around]
    lines = [_describe(problems, document, model) for problems in deepest[:_MOST_PLACES]]
    n_more = len(deepest) - len(lines)
    return [*lines, f"{document.path}: {n_more} more mistakes"] if n_more else lines


def _find_path(problem: ErrorDetails, document: Document) -> tuple[str, ...]:
    """The keys that lead to the place, a missing one too."""
    keys = document.find(problem["loc"]).keys
    return (*keys, str(problem["loc"][-1])) if problem["type"] == "missing" else keys


def _describe(problems: Sequence[ErrorDetails], document: Document, model: type[BaseModel]) -> str:
    problem = problems[0]
    error = problem.get("ctx", {}).get("error")
    inner = error.location if isinstance(error, MisplacedError) else ()
    found = document.find((*problem["loc"], *inner))
    text = _explain_keys(problem, found, model) or f"{'.'.join(found.keys)}{_explain_value(problems, found)}"
    return f"{found.place}: {text}"


def _explain_keys(problem: ErrorDetails, found: Found, model: type[BaseModel]) -> str | None:
    """What is wrong with the keys of a section, if it is that."""
    kind, location = problem["type"], problem["loc"]
    if kind == "extra_forbidden":
        wrong, parent = str(location[-1]), ".".join(found.keys[:-1]) or "the file"
        return f"unknown key {_show(wrong)} in {parent}{suggest(wrong, _list_keys(model, location[:-1]))}"
    if kind in ("missing", "union_tag_not_found"):
        key = location[-1] if kind == "missing" else problem["ctx"]["discriminator"].strip("'")
        return f"{'.'.join(found.keys) or 'the file'} lacks the key {key!r}"
    return None


def _explain_value(problems: Sequence[ErrorDetails], found: Found) -> str:
    problem, given = problems[0], problems[-1]["input"]
    context: dict[str, Any] = problem.get("ctx", {})
    if len(problems) > 1:
        return _contrast(problems, found)
    if problem["type"] == "union_tag_invalid":
        wrong = context["tag"]
        return f": there is no source {_show(wrong)}{suggest(wrong, _list_quoted(context['expected_tags']))}"
    if problem["type"] == "too_short":
        n_named = context["actual_length"]
        return f" {f'names {n_named}' if n_named else 'is empty'}; name at least {context['min_length']}"
    if problem["type"] == "value_error":
        shown = f" (given: {_show(given)})" if given is None or isinstance(given, str | int | float) else ""
        return f": {_shorten(str(context['error']), 5 * _MOST_CHARACTERS)}{shown}"
    return _contrast(problems, found)


def _contrast(problems: Sequence[ErrorDetails], found: Found) -> str:
    """What a value has to be, and what it is."""
    given = problems[-1]["input"]
    literals = [problem for problem in problems if problem["type"] == "literal_error"]
    choices = [choice for problem in literals for choice in _list_quoted(problem["ctx"]["expected"])]
    kinds = dict.fromkeys(_name_right(problem) for problem in problems if problem not in literals)
    if not kinds and isinstance(given, str):
        return f": {_show(given)} is not possible here{suggest(given, choices)}"
    text = f": must be {' or '.join([*kinds, *map(repr, choices)])} (given: {_show(given)})"
    if not isinstance(given, str):
        return text + quote_hint(found.node) if "text" in kinds or "a path" in kinds else text
    near = find_nearest(given, choices)
    if near:
        return f"{text}; did you mean {near!r}?"
    return f"{text}; for a single one write [{_shorten(given)}]" if "a list" in kinds else text


def _name_right(problem: ErrorDetails) -> str:
    pattern = _RIGHT.get(problem["type"])
    limits = {
        name: write_exactly(limit)
        for name, limit in problem.get("ctx", {}).items()
        if isinstance(limit, int | float)
    }
    return pattern.format(**limits) if pattern else problem["msg"]


def _list_quoted(text: str) -> list[str]:
    """The words of "'a', 'b' or 'c'"."""
    return re.findall(r"'([^']*)'", text)


def _show(value: object) -> str:
    """As it stands in the file; what holds more than one value only by its kind."""
    if isinstance(value, str):
        return repr(_shorten(value))
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return _shorten(str(value))
    if isinstance(value, dict):
        return "a section of keys" if value else "{}"
    return "a list" if value else "[]"


def _shorten(text: str, most: int = _MOST_CHARACTERS) -> str:
    return text if len(text) <= most else f"{text[:most]}..."


@cache
def _read_schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


def _list_keys(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """The keys that the schema allows at a place."""
    schema = _read_schema(model)
    nodes = _unfold(schema, schema)
    for step in location:
        inner = [
            found for node in nodes for child in _descend(node, step) for found in _unfold(schema, child)
        ]
        nodes = inner or nodes  # names of alternatives, which pydantic puts among the steps, are passed over
    return sorted({key for node in nodes for key in node.get("properties", {})})


def _descend(node: dict[str, Any], step: int | str) -> list[dict[str, Any]]:
    if "discriminator" in node:
        reference = node["discriminator"]["mapping"].get(step)
        return [{"$ref": reference}] if reference else []
    inside = node.get("items") if isinstance(step, int) else node.get("additionalProperties")
    child = node.get("properties", {}).get(step, inside)
    return [child] if isinstance(child, dict) else []


def _unfold(schema: dict[str, Any], node: dict[str, Any]) -> list[dict[str, Any]]:
    """What a reference or each of several alternatives stands for."""
    if "$ref" in node:
        return _unfold(schema, schema["$defs"][node["$ref"].removeprefix("#/$defs/")])
    if "anyOf" in node:
        return [found for one in node["anyOf"] for found in _unfold(schema, one)]
    return [node]
