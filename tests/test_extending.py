"""What one more thing takes: the files that name one of its kind are as docs/architecture.md lists them."""

import ast
import re
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
GUIDE = "docs/architecture.md"
HEADER = "| kind | example | files of code |"
CODE = ("src/polysteer", "cli", "stages")


class Example(NamedTuple):
    """How code names one thing: by words in quotes, by imports of its modules, by names of constants."""

    words: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


EXAMPLES = {
    "arm": Example(words=("procrustes",), modules=("polysteer.arms.procrustes",), names=("Procrustes",)),
    "metric": Example(words=("evenness", "isoscore"), modules=("polysteer.metrics.evenness",)),
    "intervention": Example(words=("scale",)),
    "source": Example(words=("tatoeba",), modules=("polysteer.corpus.sources.tatoeba",)),
    "option": Example(words=("--oracle",), modules=("polysteer.report.views.oracle",)),
}


class Promise(NamedTuple):
    """A row of the guide: what to touch for one more of a kind."""

    kind: str
    example: str
    files: list[str]


def read_promises(text: str) -> list[Promise]:
    """The rows below the header."""
    promises = []
    for line in text.partition(HEADER)[2].strip().splitlines()[1:]:
        if not line.startswith("|"):
            break
        kind, example, files = (cell.strip() for cell in line.strip("|").split("|"))
        promises.append(Promise(kind, example.strip("`"), re.findall("`(.+?)`", files)))
    return promises


def find_files(example: Example) -> list[str]:
    """The files of code that name it, its own modules among them."""
    own = {f"src/{module.replace('.', '/')}.py" for module in example.modules}
    files = {str(path.relative_to(ROOT)) for folder in CODE for path in (ROOT / folder).rglob("*.py")}
    assert own <= files
    return sorted(own | {name for name in files if is_named(example, ROOT / name)})


def is_named(example: Example, path: Path) -> bool:
    """Whether a file's code says its word, its module or its name; comments and longer texts do not count."""
    return any(says(node, example) for node in ast.walk(ast.parse(path.read_text())))


def says(node: ast.AST, example: Example) -> bool:
    match node:
        case ast.Constant(value=value):
            return value in example.words
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in example.names
        case ast.Import(names=names):
            return any(alias.name in example.modules for alias in names)
        case ast.ImportFrom(module=module, names=names):
            imported = {alias.name for alias in names}
            whole = {str(module)} | {f"{module}.{name}" for name in imported}
            return bool(whole & {*example.modules} or imported & {*example.names})
    return False


PROMISES = read_promises((ROOT / GUIDE).read_text())


def test_the_guide_lists_kinds_that_are_counted() -> None:
    kinds = [promise.kind for promise in PROMISES]
    assert sorted(kinds) == sorted(EXAMPLES)


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.kind)
def test_one_more_thing_takes_the_files_that_the_guide_lists(promise: Promise) -> None:
    example = EXAMPLES[promise.kind]
    assert promise.example in (*example.words, *example.names)
    found = find_files(example)
    assert promise.files == found, (
        f"for one more {promise.kind} {GUIDE} lists {promise.files}, {promise.example} is named in {found}: "
        f"let fewer files know of it, or write: {', '.join(f'`{name}`' for name in found)}"
    )


def test_words_modules_and_names_are_found_and_texts_are_not(tmp_path: Path) -> None:
    path = tmp_path / "code.py"
    example = Example(("ablate",), ("polysteer.masks.ablation",), ("ABLATE",))
    naming = ('x = {"ablate": 1}', "from polysteer.masks import ablation", "import polysteer.masks.ablation")
    naming += ("from polysteer.masks.ablation import f", "from x import ABLATE", "y = rows.ABLATE")
    for code in naming:
        path.write_text(code)
        assert is_named(example, path), code
    for code in ("# ablate", '"""Not to ablate."""', "ablate = 1", "from polysteer.masks import mask"):
        path.write_text(code)
        assert not is_named(example, path), code
