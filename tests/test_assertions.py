"""Every test asserts something, whatever its parameters: read off the tests' own source."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
HELPERS = ("check_", "assert_")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def called_name(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def is_check(name: str) -> bool:
    return name in ("raises", "warns", "fail") or name.startswith(HELPERS)


def asserts(tree: ast.AST) -> bool:
    """Whether it can, somewhere: an assertion, an expected error, or a helper that checks."""
    return any(
        isinstance(node, ast.Assert) or (isinstance(node, ast.Call) and is_check(called_name(node)))
        for node in ast.walk(tree)
    )


def always_asserts(body: list[ast.stmt]) -> bool:
    """Whether no `if` without an `else` keeps it from asserting; a loop is taken to run."""
    return any(surely_asserts(statement) for statement in body)


def surely_asserts(statement: ast.stmt) -> bool:
    match statement:
        case ast.If(body=body, orelse=orelse):
            return always_asserts(body) and always_asserts(orelse)
        case ast.Try(body=body, orelse=orelse, finalbody=finalbody):
            return always_asserts([*body, *orelse, *finalbody])
        case ast.With(items=items, body=body):
            return any(asserts(item) for item in items) or always_asserts(body)
        case ast.For(body=body) | ast.While(body=body):
            return always_asserts(body)
        case ast.FunctionDef() | ast.ClassDef():
            return False
    return asserts(statement)


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """What stands in a function, functions inside it apart."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, FUNCTIONS):
            yield child
            yield from own_nodes(child)


def find_flaws(source: str) -> list[str]:
    tree = ast.parse(source)
    names = {called_name(node) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    flaws = ["importorskip: what tests need comes with the dev extra"] if "importorskip" in names else []
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        if node.name.startswith(("test_", *HELPERS)) and not always_asserts(node.body):
            flaws.append(f"{node.name} can pass without an assertion")
        if node.name.startswith("test_") and any(isinstance(inner, ast.Return) for inner in own_nodes(node)):
            flaws.append(f"{node.name} returns early")
    return flaws


def test_no_test_can_pass_without_asserting() -> None:
    flaws_by_file = {path.relative_to(FOLDER): find_flaws(path.read_text()) for path in FOLDER.rglob("*.py")}
    assert len(flaws_by_file) > 100
    assert {path: flaws for path, flaws in flaws_by_file.items() if flaws} == {}


@pytest.mark.parametrize(
    ("body", "n_flaws"),
    [
        ("assert x", 0),
        ("run(x)", 1),
        ("check_run(x)", 0),
        ("np.testing.assert_allclose(x, 1)", 0),
        ("with pytest.raises(E): run(x)", 0),
        ("if x: assert x", 1),
        ("if x: assert x\n  else: check_run(x)", 0),
        ("if x: return\n  assert x", 1),
        ("for a in x:\n    if a: assert a", 1),
        ("def inner(): assert x", 1),
        ("try: run(x)\n  except E: assert x", 1),
        ("try: assert x\n  finally: close(x)", 0),
    ],
)
def test_what_counts_as_asserting(body: str, n_flaws: int) -> None:
    assert len(find_flaws(f"def test_it(x):\n  {body}\n")) == n_flaws
    assert find_flaws(f"def helper(x):\n  {body}\n") == []


def test_helpers_that_check_are_held_to_it() -> None:
    assert find_flaws("def check_it(x): run(x)") == ["check_it can pass without an assertion"]
    assert find_flaws("def check_it(x):\n  if x: return\n  assert x") == []


def test_a_package_that_is_missing_is_no_way_out() -> None:
    assert len(find_flaws("there = pytest.importorskip('there')")) == 1
