"""A YAML file of settings: read strictly and within bounds, every mistake with its line."""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from polysteer.errors import ConfigError

MOST_BYTES = 1 << 20
_MOST_LEVELS = 40
_MOST_NODES = 50_000

_TAG = "tag:yaml.org,2002:"
_READ_AS = {"bool": "true or false", "int": "a number", "float": "a number", "null": "nothing"}


class Document(NamedTuple):
    """What a file holds, and the nodes that know the lines."""

    path: Path
    root: yaml.MappingNode
    data: dict[str, Any]

    def find(self, location: Sequence[int | str]) -> "Found":
        """The deepest node on the way to `location`; steps that the file lacks are passed over."""
        node: yaml.Node = self.root
        marker, walked = node, list[str]()
        for step in location:
            entry = _step_into(node, step)
            if entry is not None:
                marker, node = entry
                walked.append(str(step))
        return Found(f"{self.path}:{marker.start_mark.line + 1}", node, tuple(walked))


class Found(NamedTuple):
    """A node, where it stands (`file:line`), and the keys that lead to it."""

    place: str
    node: yaml.Node
    keys: tuple[str, ...]


def read_document(path: Path) -> Document:
    """The whole file, which has to be one mapping."""
    text = _read_text(path)
    loader = None
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        data = root and loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ConfigError(f"{path}:{mark.line + 1 if mark else 1}: {_explain(error)}") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigError(
            f"{path}:{line}: not text: it has the character U+{ord(text[error.position]):04X}; remove it, "
            "or save the file as UTF-8"
        ) from error
    finally:
        if loader is not None:
            loader.dispose()
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError(f"{path}:1: must hold the keys 'schema' and 'experiments'")
    assert isinstance(data, dict)
    return Document(path, root, data)


def quote_hint(node: yaml.Node) -> str:
    """What to do about a bare word that YAML reads as something else than a word, such as `no`."""
    kind = str(node.tag).removeprefix(_TAG)
    if not isinstance(node, yaml.ScalarNode) or kind not in _READ_AS or not node.value:
        return ""
    meant = node.value.lower() if kind == "bool" else ""
    read_as = {"no": "false", "off": "false", "yes": "true", "on": "true"}.get(meant, _READ_AS[kind])
    return f": YAML reads {node.value} as {read_as}, so quote {node.value}, as in '{node.value}'"


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise ConfigError(
            f"there is no {path}; run from the folder that holds it or one below, or name it with --file"
        ) from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    if len(data) > MOST_BYTES:
        raise ConfigError(f"{path} is larger than {MOST_BYTES >> 20} MiB, which is no experiments file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{path}:{line}: not UTF-8 (byte {data[error.start]:#04x}); save the file as UTF-8"
        ) from error


def _step_into(node: yaml.Node, step: int | str) -> tuple[yaml.Node, yaml.Node] | None:
    """The node that shows where a key or item stands, and its value; of a merged key the one that counts."""
    if isinstance(node, yaml.MappingNode):
        for key, value in reversed(node.value):
            if key.value == str(step):
                return key, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None


def _explain(error: yaml.MarkedYAMLError) -> str:
    if isinstance(error, _Refusal):
        return str(error)
    return f"not valid YAML: {', '.join(part for part in (error.context, error.problem) if part)}"


class _Refusal(yaml.MarkedYAMLError):
    """Valid YAML that has no place in a file of settings."""

    def __init__(self, problem: str, node: Any) -> None:
        super().__init__(problem=problem, problem_mark=node.start_mark)

    def __str__(self) -> str:
        return str(self.problem)


class _Loader(yaml.SafeLoader):
    """Words, numbers, flags, lists and mappings with words for keys; anchors and merges may save typing."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._n_levels = 0
        self._n_nodes = 0  # counting what an alias stands for each time
        self._sizes: dict[int, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Refuse what is too deep, too much or goes round in a circle before it is built."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        is_alias = isinstance(event, yaml.AliasEvent)
        if not is_alias and event.tag not in (None, "!", f"{_TAG}str"):
            tag = event.tag.replace(_TAG, "!!")
            raise _Refusal(f"the tag {tag} has no place here; write the plain value", event)
        self._n_levels += 1
        if self._n_levels > _MOST_LEVELS:
            raise _Refusal(f"nested deeper than {_MOST_LEVELS} levels", event)
        before = self._n_nodes
        self._n_nodes += 1
        node = super().compose_node(parent, index)
        self._n_levels -= 1
        if is_alias:
            if id(node) not in self._sizes:
                raise _Refusal(f"the anchor {event.anchor!r} holds itself", event)
            self._n_nodes += self._sizes[id(node)]
        else:
            self._sizes[id(node)] = self._n_nodes - before
        if self._n_nodes > _MOST_NODES:
            raise _Refusal(f"more than {_MOST_NODES} values, counting what anchors stand for", event)
        return node

    def compose_scalar_node(self, anchor: Any) -> yaml.ScalarNode:
        """Refuse what no name or path holds, and what a terminal would obey."""
        node = super().compose_scalar_node(anchor)
        for character in node.value:
            if unicodedata.category(character) in ("Cc", "Cs"):
                raise _Refusal(
                    f"the control character U+{ord(character):04X} has no place here; remove it", node
                )
        return node

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Refuse keys that are no words, and keys that stand twice."""
        node = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag not in (f"{_TAG}str", f"{_TAG}merge"):
                raise _Refusal(f"a key has to be a word{quote_hint(key)}", key)
            if key.value in seen:
                raise _Refusal(f"the key {key.value!r} stands twice", key)
            seen.add(key.value)
        return node

    def construct_scalar_number(self, node: yaml.ScalarNode) -> int | float:
        """Thousands may be set apart by underscores."""
        text = node.value.replace("_", "").lower()
        if node.tag == f"{_TAG}float":
            return float(text.replace(".inf", "inf").replace(".nan", "nan"))
        if len(text) > 40:
            raise _Refusal(f"a number of {len(text)} digits has no place here", node)
        return int(text)


# Dates stay words, as do numbers in base 60, 2, 8 and 16; 1e-4 is a number, though YAML 1.1 has it a word.
_KEPT = {f"{_TAG}{kind}" for kind in ("bool", "null", "merge")}
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if tag in _KEPT]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)\Z")
_DECIMAL = re.compile(
    r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?"
    r"|[0-9][0-9_]*[eE][-+]?[0-9]+|\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
)
_Loader.add_implicit_resolver(f"{_TAG}float", _DECIMAL, list("-+.0123456789"))
_Loader.add_implicit_resolver(f"{_TAG}int", _INTEGER, list("-+0123456789"))
_Loader.add_constructor(f"{_TAG}int", _Loader.construct_scalar_number)
_Loader.add_constructor(f"{_TAG}float", _Loader.construct_scalar_number)
