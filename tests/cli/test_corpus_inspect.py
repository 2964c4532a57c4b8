"""`steer corpus inspect` as a user runs it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from rich.cells import cell_len
from typer.testing import CliRunner, Result

from polysteer.cli.corpus import corpus
from polysteer.errors import CorpusError
from support.tiny_models import make_tokenizer

ROOT = Path(__file__).parents[2]


@pytest.fixture
def inspect(tmp_path: Path, write_experiment: Callable[..., Path]) -> Callable[..., Result]:
    """Run the command on ten aligned lines, one of them without a translation."""
    (tmp_path / "t.en").write_text("".join(f"sentence number {n}\n" for n in range(10)))
    (tmp_path / "t.fi").write_text("".join(f"lause {n}\n" if n != 4 else "\n" for n in range(10)))
    make_tokenizer(["<unk>"], unknown="<unk>", unk_token="<unk>").save_pretrained(tmp_path / "model")
    (tmp_path / "model" / "config.json").write_text('{"model_type": "llama"}')
    corpus_of_lines = (
        f"{{source: lines, files: {{eng: {tmp_path}/t.en, fin_Latn: {tmp_path}/t.fi}}, dev: 2, test: 3}}"
    )
    file = write_experiment(
        tmp_path, model=str(tmp_path / "model"), corpus=corpus_of_lines, targets="[fin_Latn]"
    )

    app = typer.Typer()
    app.command()(corpus)

    def run(*options: str) -> Result:
        return CliRunner().invoke(app, [*options, "--file", str(file)])

    return run


def test_a_table_for_people(inspect: Callable[..., Result]) -> None:
    result = inspect("inspect", "mine")
    assert result.exit_code == 0, result.output
    assert "find 4, dev 2, test 3" in result.stdout
    assert "1 lines without text" in result.stdout
    assert "lause 2" in result.stdout


def test_json_for_programs(inspect: Callable[..., Result]) -> None:
    data = json.loads(inspect("inspect", "mine", "--json").stdout)
    by_lang = {language["lang"]: language for language in data["languages"]}
    assert by_lang["en"]["tokens"] == {"median": 3.0, "percentile_95": 3.0, "longest": 3}
    assert by_lang["fi"]["n_missing"] == 1
    assert data["examples"][0] == {
        "id": "0000003",
        "split": "find",
        "texts": {"en": "sentence number 2", "fi": "lause 2"},
    }


@pytest.mark.parametrize("words", [["mine", "inspect"], ["inspect", "mine", "yours"], ["mine", "--json"]])
def test_wrong_usage(inspect: Callable[..., Result], words: list[str]) -> None:
    result = inspect(*words)
    assert result.exit_code == 2
    assert "steer corpus inspect" in result.output


def test_bad_text_is_an_error_with_the_file(inspect: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "t.fi").write_text("yksi\nkaksi\n")
    result = inspect("inspect", "mine")
    assert isinstance(result.exception, CorpusError)
    assert f"{tmp_path / 't.fi'}:2: the file ends here" in str(result.exception)


def test_inspecting_needs_neither_torch_nor_transformers() -> None:
    code = """if True:
        import contextlib, sys
        from polysteer.cli.main import main
        with contextlib.suppress(SystemExit):
            main()
        print("imported", *{name.partition(".")[0] for name in sys.modules})
    """
    command = [sys.executable, "-c", code, "corpus", "inspect", "builtin"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    imported = set(done.stdout.splitlines()[-1].split()[1:])
    assert {"polysteer", "tokenizers"} <= imported
    assert not {"torch", "transformers"} & imported


def test_text_without_blanks_is_folded_at_the_width_of_the_terminal(
    inspect: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for file in tmp_path.rglob("*.fi"):
        file.write_text("".join(f"{'長い文' * 60}{n}\n" for n in range(len(file.read_text().splitlines()))))
    assert list(tmp_path.rglob("*.fi"))
    result = inspect("inspect", "mine")
    assert max(map(cell_len, result.stdout.splitlines())) == 80
