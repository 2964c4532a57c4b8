"""A source is one file: its keys, its reader and its name stand there, and the registry makes it known."""

import ast
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from polysteer.corpus.corpus_settings import CorpusSettings
from polysteer.corpus.parts import Part
from polysteer.corpus.sources import SOURCES
from polysteer.corpus.text_source import FileSource, Source

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "src" / "polysteer" / "corpus" / "sources"
NAMES = {source.name() for source in SOURCES}


def list_words(path: Path) -> set[str]:
    """Every string that stands in a file's code by itself."""
    tree = ast.parse(path.read_text())
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and node.value in NAMES}


def list_offered(kind: Any) -> set[str]:
    return set(TypeAdapter(kind).json_schema()["discriminator"]["mapping"])


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name())
def test_a_source_is_a_file_of_its_name(source: type[Source]) -> None:
    assert sys.modules[source.__module__].__file__ == str(FOLDER / f"{source.name()}.py")
    assert source.read is not Source.read
    assert source.read is not FileSource.read or source.extract is not FileSource.extract


def test_every_file_is_in_the_registry() -> None:
    assert {path.stem for path in FOLDER.glob("*.py")} == NAMES | {"__init__"}
    assert len(SOURCES) == len(NAMES)


def test_the_registry_makes_what_a_corpus_and_a_part_of_one_may_be() -> None:
    assert list_offered(CorpusSettings) == NAMES | {"joined"}
    assert list_offered(Part) == NAMES


def test_no_other_file_names_a_source() -> None:
    for path in (path for room in ("src", "cli", "stages") for path in (ROOT / room).rglob("*.py")):
        own = {path.stem} if path.parent == FOLDER else set()
        settings = {"config", "corpus"} & set(path.relative_to(ROOT).parts)
        other_meanings = {"table"} if settings else {"table", "builtin"}
        assert list_words(path) - other_meanings == own - other_meanings - {"__init__"}, path


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_source_is_read_in_a_test(name: str) -> None:
    assert any(name in list_words(path) for path in Path(__file__).parent.glob("test_*.py"))
