"""The list of arms: each is named once, explained, and shown in the docs as its file has it."""

import ast
import re
from pathlib import Path

from polysteer.arms import ARMS

ROOT = Path(__file__).parents[2]
BEGIN, END = "<!-- the arms, begin -->\n", "<!-- the arms, end -->"


def draw_table() -> str:
    """What the docs have between the two marks."""
    lines = ["| `arm` | in tables | what it is |", "|---|---|---|"]
    lines += [f"| `{arm.key}` | {arm.title} | {arm.definition} |" for arm in ARMS]
    return "\n".join(lines) + "\n"


def test_the_docs_show_the_arms_as_their_files_have_them() -> None:
    """After a change put what `draw_table` gives between the two marks."""
    shown = (ROOT / "docs/store.md").read_text().split(BEGIN)[1]
    assert shown.split(END)[0] == draw_table()


def test_every_arm_has_a_name_of_its_own() -> None:
    for names in ([arm.key for arm in ARMS], [arm.title for arm in ARMS], [arm.definition for arm in ARMS]):
        assert len(set(names)) == len(names)
    assert all(re.fullmatch("[a-z_]+", arm.key) for arm in ARMS)


def test_every_class_that_has_a_key_is_listed() -> None:
    """The other classes are what arms have in common."""
    defined = set()
    for path in (ROOT / "src/polysteer/arms").glob("*.py"):
        classes = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)]
        defined |= {node.name for node in classes if "key" in list_assigned(node)}
    assert defined == {type(arm).__name__ for arm in ARMS}
    assert len(defined) > 10


def list_assigned(node: ast.ClassDef) -> set[str]:
    lines = [line for line in node.body if isinstance(line, ast.Assign)]
    return {target.id for line in lines for target in line.targets if isinstance(target, ast.Name)}
