"""The promises of the repository as a whole: public names, files named in the docs, yaml that loads."""

import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

import polysteer
from polysteer.config import load_experiments

ROOT = Path(__file__).parents[1]
GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("name", polysteer.__all__)
def test_public_names_are_there(name: str) -> None:
    assert getattr(polysteer, name).__name__ == name


def test_importing_the_package_does_not_import_torch() -> None:
    code = "import sys, polysteer, polysteer.cli.main; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_readmes_experiment_is_valid(tmp_path: Path) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    assert blocks
    for block in blocks:
        (tmp_path / "experiments.yaml").write_text(block)
        load_experiments(tmp_path / "experiments.yaml")


def test_the_root_experiment_is_valid() -> None:
    assert "builtin" in load_experiments(ROOT / "experiments.yaml").experiments


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda path: path.name)
def test_every_example_is_valid(example: Path) -> None:
    assert load_experiments(example).experiments


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_files_that_the_docs_name_are_there(guide: Path) -> None:
    named = re.findall(r"\b(?:docs|benchmarks|examples|tests)/[\w./-]+\.(?:md|py|yaml)\b", guide.read_text())
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_command_explains_itself() -> None:
    steer = [sys.executable, "-c", "from polysteer.cli.main import main; main()"]
    listed = subprocess.run([*steer, "--help"], capture_output=True, text=True, check=True).stdout
    for command in (
        "run",
        "report",
        "query",
        "masks",
        "models",
        "generate",
        "encode",
        "init",
        "plan",
        "schema",
    ):
        assert command in listed


def test_the_shipped_model_keeps_to_its_size() -> None:
    weights = ROOT / "src" / "polysteer" / "builtin" / "model" / "weights"
    size_by_file = {path: path.stat().st_size for path in weights.rglob("*") if path.is_file()}
    assert sum(size for path, size in size_by_file.items() if path.parent.name == "main") <= 5_000_000
    assert sum(size_by_file.values()) <= 20_000_000
    assert len(list(weights.glob("*/model.safetensors"))) == 4


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda path: path.name)
def test_benchmarks_import_what_is_there(path: Path) -> None:
    """Most are run by hand alone, long after the names that they use have moved."""
    imports = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    ours = [node for node in imports if str(node.module).startswith("polysteer")]
    for node in ours:
        module = importlib.import_module(str(node.module))
        for alias in node.names:
            known = hasattr(module, alias.name) or importlib.util.find_spec(f"{node.module}.{alias.name}")
            assert known, f"{path.name}:{node.lineno}: {node.module} has no {alias.name}"
