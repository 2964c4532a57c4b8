"""Which room of the house imports which: as docs/architecture.md says, and never in circles."""

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
GUIDE = "docs/architecture.md"
HEADER = "| room | holds | imports | remarks |"
FOLDER_BY_PACKAGE = {"polysteer": "src/polysteer", "polysteer.cli": "cli", "polysteer.stages": "stages"}
GROUND = "ground floor"  # the files that share a row, which every room may import


class Import(NamedTuple):
    """One import of something of ours: at once, when called, or for types alone."""

    module: str
    when: str
    line: int


class Arrow(NamedTuple):
    """That one room imports another, and where."""

    source: str
    target: str
    place: str


class Row(NamedTuple):
    """What the table says of a room; one of several files is the ground floor."""

    members: tuple[str, ...]
    imports: tuple[str, ...]

    @property
    def room(self) -> str:
        return GROUND if len(self.members) > 1 else self.members[0]


def read_table(text: str) -> list[Row]:
    """The rows below the header."""
    rows = []
    for line in text.partition(HEADER)[2].strip().splitlines()[1:]:
        if not line.startswith("|"):
            break
        first, _, imports, _ = (cell.strip() for cell in line.strip("|").split("|"))
        members = tuple(name.removesuffix("/").removesuffix(".py") for name in re.findall("`(.+?)`", first))
        rows.append(Row(members, tuple(imports.split(", ")) if imports else ()))
    return rows


def list_imports(node: ast.AST, when: str = "at once") -> Iterator[Import]:
    """All imports of ours below a node of a file."""
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, ast.Import):
            names = [alias.name for alias in inner.names]
            yield from (Import(name, when, inner.lineno) for name in names if name.startswith("polysteer."))
        elif isinstance(inner, ast.ImportFrom):
            assert inner.level == 0, f"line {inner.lineno}: import by the whole name, from polysteer on"
            if f"{inner.module}.".startswith("polysteer."):
                names = [f"{inner.module}.{alias.name}" for alias in inner.names]
                yield from (Import(name, when, inner.lineno) for name in names)
        elif isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from list_imports(inner, "when called")
        elif isinstance(inner, ast.If) and ast.unparse(inner.test).endswith("TYPE_CHECKING"):
            yield from list_imports(inner, "for types")
        else:
            yield from list_imports(inner, when)


def list_files() -> Iterator[tuple[str, Path]]:
    """Every file of code with the member of the house that it belongs to: a folder or a file."""
    for package, folder in FOLDER_BY_PACKAGE.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            first = path.relative_to(ROOT / folder).parts[0]
            yield first.removesuffix(".py") if package == "polysteer" else folder, path


def list_arrows(room_by_member: dict[str, str]) -> Iterator[Arrow]:
    """Every import from one room by another; what the package itself hands on is of its `__init__`."""
    for member, path in list_files():
        for found in list_imports(ast.parse(path.read_text())):
            name = found.module.split(".")[1]
            target = room_by_member.get(name, "__init__")
            if target != room_by_member[member]:
                place = f"{path.relative_to(ROOT)}:{found.line} ({found.when})"
                yield Arrow(room_by_member[member], target, place)


ROWS = read_table((ROOT / GUIDE).read_text())
ROOM_BY_MEMBER = {member: row.room for row in ROWS for member in row.members}
MEMBERS = sorted({member for member, _ in list_files()})


@cache
def find_arrows() -> Sequence[Arrow]:
    return list(list_arrows({member: member for member in MEMBERS} | ROOM_BY_MEMBER))


def test_the_table_has_a_row_for_every_room_and_no_other() -> None:
    assert sorted(ROOM_BY_MEMBER) == MEMBERS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.room)
def test_a_room_imports_what_the_table_says(row: Row) -> None:
    arrows = [arrow for arrow in find_arrows() if arrow.source == row.room and arrow.target != GROUND]
    imported = sorted({arrow.target for arrow in arrows})
    first = {arrow.target: arrow.place for arrow in reversed(arrows)}
    places = [f"{name} in {place}" for name, place in first.items() if name not in row.imports]
    unused = [name for name in row.imports if name not in imported]
    assert list(row.imports) == imported, (
        f"the row of {row.room} in {GUIDE} says that it imports [{', '.join(row.imports)}], "
        f"the code imports [{', '.join(imported)}]. Not in the row: {places}. In no file: {unused}. "
        f"Take the arrow out of the code, or write: {', '.join(imported)}"
    )


def test_no_room_imports_itself_by_way_of_others() -> None:
    graph: dict[str, set[str]] = {}
    for arrow in find_arrows():
        graph.setdefault(arrow.source, set()).add(arrow.target)
    assert len(graph) > 10
    TopologicalSorter(graph).prepare()


def test_imports_are_told_apart() -> None:
    code = """
import numpy
import polysteer.masks.mask
from polysteer.errors import A, B
from polysteering import x
if TYPE_CHECKING:
    from polysteer import models
class Thing:
    def work(self):
        if self:
            from polysteer.store.columns import KEY
"""
    assert [found[:2] for found in list_imports(ast.parse(code))] == [
        ("polysteer.masks.mask", "at once"),
        ("polysteer.errors.A", "at once"),
        ("polysteer.errors.B", "at once"),
        ("polysteer.models", "for types"),
        ("polysteer.store.columns.KEY", "when called"),
    ]
