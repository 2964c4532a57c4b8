"""Declaring masks under `artifacts:` of dvc.yaml, to be published; the rest of the file stays as it is."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from polysteer.artifacts import atomic_path
from polysteer.errors import SharingError
from polysteer.sharing.catalogue import CatalogueEntry

_SECTION = "artifacts"


class Declaration(NamedTuple):
    """An entry of dvc.yaml; its path is relative to the file."""

    name: str
    path: str
    kind: str
    label: str


def declare_masks(entries: Sequence[CatalogueEntry], pipeline: Path) -> list[Declaration]:
    """Add the chosen masks that dvc.yaml does not declare yet; those that were added, in order."""
    try:
        text = pipeline.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SharingError(f"{pipeline} cannot be read: {error}; `steer init` writes one") from error
    declared = _read_declared(text, pipeline)
    paths = {os.path.normpath(_path_of(entry)) for entry in declared.values()}
    wanted = [_declare(entry, pipeline) for entry in entries if entry.label == "chosen" and entry.metadata]
    new = [declaration for declaration in wanted if declaration.path not in paths]
    for name in (declaration.name for declaration in new):
        if name in declared:
            raise SharingError(
                f"{pipeline} declares {name!r} for another file, {_path_of(declared[name])}; rename that"
            )
    if new:
        _write(pipeline, text, new)
    return new


def _declare(entry: CatalogueEntry, pipeline: Path) -> Declaration:
    label = entry.language or "erase"
    # What GTO can put in a tag: letters, digits, and hyphens inside.
    name = re.sub(r"[^a-zA-Z0-9]+", "-", f"{entry.experiment}-{label}").strip("-")
    path = Path(os.path.relpath(entry.path, pipeline.parent)).as_posix()
    if path.startswith("../"):
        raise SharingError(f"{entry.path} is outside {pipeline.parent}, where dvc.yaml can name files")
    return Declaration(name, path, "mask" if entry.language else "subspace", label)


def _read_declared(text: str, pipeline: Path) -> Mapping[str, Any]:
    try:
        content = yaml.load(text, Loader=yaml.BaseLoader) or {}
    except (yaml.YAMLError, RecursionError) as error:
        raise SharingError(f"{pipeline} is no YAML: {error}") from error
    declared = content.get(_SECTION) or {} if isinstance(content, dict) else None
    if not isinstance(declared, dict):
        raise SharingError(f"{pipeline} has no entries by name under `{_SECTION}:`; make it a mapping")
    return declared


def _path_of(entry: Any) -> str:
    return str(entry.get("path", "")) if isinstance(entry, dict) else ""


def _write(pipeline: Path, text: str, new: Sequence[Declaration]) -> None:
    """Entries go right below the section's name, indented as the others are."""
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    place, indent = _find_section(text, pipeline)
    if place is None:
        lines += ["\n", f"{_SECTION}:\n"]
        place = len(lines)
    added = [f"{indent}{line}\n" for declaration in new for line in _draw(declaration)]
    changed = "".join([*lines[:place], *added, *lines[place:]])
    _read_declared(changed, pipeline)  # before a person's file is replaced
    with atomic_path(pipeline) as temporary:
        temporary.write_text(changed, encoding="utf-8")


def _find_section(text: str, pipeline: Path) -> tuple[int | None, str]:
    """The line below the section's name, and how far its entries are indented."""
    root = yaml.compose(text, Loader=yaml.BaseLoader)
    for key, value in root.value if isinstance(root, yaml.MappingNode) else ():
        if key.value == _SECTION:
            entries = value.value if isinstance(value, yaml.MappingNode) else []
            if entries and value.flow_style:
                raise SharingError(f"{pipeline} has `{_SECTION}: {{...}}`; give each entry lines of its own")
            return key.end_mark.line + 1, " " * (entries[0][0].start_mark.column if entries else 2)
    return None, "  "


def _draw(declaration: Declaration) -> list[str]:
    name, path, kind, label = map(_quote, declaration)
    return [f"{name}:", f"  path: {path}", f"  type: {kind}", "  labels:", f"    - {label}"]


def _quote(text: str) -> str:
    """As YAML reads it back as text: `no` is a language."""
    return yaml.safe_dump(text, width=10_000, allow_unicode=True).split("\n")[0]
