"""Whatever `steer` prints is seen, and acts neither on the terminal nor on JSON."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from polysteer.masks import ExpertMask

ROOT = Path(__file__).parents[2]
STEER = [sys.executable, "-c", "from polysteer.cli.main import main; main()"]
EVIL = "a\x1b[31m\x07\x9b2J\r\x7f\u202eb\u2066\u200f\u2028z"
SEEN = r"a\x1b[31m\x07\x9b2J\x0d\x7f\u202eb\u2066\u200f\u2028z"
ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")

pytestmark = pytest.mark.usefixtures("project")


@pytest.fixture
def project(make_project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Text that would act on a terminal, and one number whose model would."""
    made = make_project(text=EVIL, model=EVIL)
    monkeypatch.chdir(made)
    return made


def assert_harmless(outcome: Any) -> str:
    said = outcome.stdout + outcome.stderr
    assert said
    assert ACTING.search(said) is None
    return said


def walk_calls_and_names(folder: Path) -> Iterator[tuple[Path, int, str]]:
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call):
                yield file, node.lineno, ast.unparse(node.func)
            elif isinstance(node, ast.Attribute):
                yield file, node.lineno, ast.unparse(node)


def test_nothing_else_writes_to_the_terminal() -> None:
    door = ROOT / "cli" / "output.py"
    writers = re.compile(r"(.*\.)?(print|Console|echo|secho|print_exc|print_exception)|sys\.(stdout|stderr)")
    folders = [ROOT / "cli", ROOT / "stages", ROOT / "src" / "polysteer"]
    found = [at for folder in folders for at in walk_calls_and_names(folder) if writers.fullmatch(at[2])]
    assert [at for at in found if at[0] != door] == []
    assert any(at[0] == door for at in found)


def test_what_a_mask_says_of_itself(tiny: Path, steer: Callable[..., Any]) -> None:
    mask = ExpertMask.load(tiny / "ja.safetensors")
    told = {"notes": EVIL, "language": EVIL, "licence": EVIL}
    changed = ExpertMask(
        mask.metadata.model_copy(update=told), mask.site, mask.block, mask.unit, mask.score, mask.value
    )
    changed.save(tiny / "evil.safetensors")
    for words in (["show"], ["verify"], ["overlap", "ja.safetensors"]):
        assert SEEN in assert_harmless(steer("masks", *words, "evil.safetensors"))
    shown = steer("masks", "show", "evil.safetensors", "--json")
    assert_harmless(shown)
    assert json.loads(shown.stdout)["metadata"]["notes"] == EVIL


def test_what_a_folder_says_of_its_model(tiny: Path, steer: Callable[..., Any]) -> None:
    settings = tiny / "model" / "tokenizer_config.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"pad_token": EVIL}))
    assert SEEN in assert_harmless(steer("models", "inspect", "model")).replace("\n", "")
    found = steer("models", "inspect", "model", "--json")
    assert_harmless(found)
    assert json.loads(found.stdout)["tokenizer"]["pad"] == EVIL


def test_text(steer: Callable[..., Any]) -> None:
    assert r"\x1b[31m" in assert_harmless(steer("corpus", "inspect", "mine"))
    found = steer("corpus", "inspect", "mine", "--json")
    assert_harmless(found)
    assert "\x1b[31m" in json.loads(found.stdout)["examples"][0]["texts"]["en"]


@pytest.mark.parametrize("format", ["table", "csv", "markdown"])
def test_an_answer_for_people_and_tables_for_scripts(steer: Callable[..., Any], format: str) -> None:
    said = assert_harmless(steer("query", f"SELECT model, 1 AS '{EVIL}' FROM metrics", "--format", format))
    assert said.count(SEEN) == 2


def test_an_answer_in_json_is_what_was_stored(steer: Callable[..., Any]) -> None:
    day = "DATE '2026-01-02'"
    sql = f"SELECT model, 'Füße 日本' AS word, 'nan'::DOUBLE AS gap, MAP {{{day}: [{day}]}} AS m FROM metrics"
    answer = steer("query", sql, "--format", "json")
    assert "Füße 日本" in assert_harmless(answer)
    assert json.loads(answer.stdout) == [
        {"model": EVIL, "word": "Füße 日本", "gap": None, "m": {"2026-01-02": ["2026-01-02"]}}
    ]


def test_errors(steer: Callable[..., Any]) -> None:
    for words, code in (
        (["masks", "show", f"{EVIL}.safetensors"], 1),
        (["run", EVIL], 1),
        (["report", "--lang", EVIL], 1),
        (["query", f"SELECT {EVIL}"], 1),
        (["plan", "mine", f"--{EVIL}"], 2),
        (["--debug", "run", EVIL], 1),
    ):
        refused = steer(*words)
        assert refused.exit_code == code
        assert r"\x1b[31m" in assert_harmless(refused)


def test_names_of_experiments_and_languages(project: Path, steer: Callable[..., Any]) -> None:
    name = json.dumps(EVIL)  # YAML reads JSON's escapes
    file = project / "experiments.yaml"
    whole = file.read_text()
    for old, new in (("mine", name), ("[fr]", f"[{name}]"), ("builtin", f"{{id: builtin, device: {name}}}")):
        file.write_text(whole.replace(old, new, 1))
        refused = steer("run")
        assert refused.exit_code == 1
        assert assert_harmless(refused).startswith("steer: experiments.yaml:")


def test_notices_of_every_library() -> None:
    code = (
        "import logging, warnings; from polysteer.cli.stderr import show_notices; show_notices();"
        f"text = {EVIL!r}; logging.getLogger('polysteer.x').warning(text);"
        "logging.getLogger('elsewhere').warning('of %s', text); warnings.warn(text)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.count(SEEN) == 3
    assert ACTING.search(done.stderr) is None


def test_a_bug_shows_its_traceback_and_no_more() -> None:
    code = f"from polysteer.cli import main; main._run = lambda: {{}}[{EVIL!r}]; main.main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "KeyError" in done.stderr
    assert ACTING.search(done.stderr) is None


def run_on_a_terminal(*words: str) -> str:
    """What the terminal gets, colours included."""
    leader, follower = os.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120"}
    with subprocess.Popen([*STEER, *words], stdout=follower, stderr=follower, env=environment):
        os.close(follower)
        parts = []
        while part := read_some(leader):
            parts.append(part)
    os.close(leader)
    return b"".join(parts).decode()


def read_some(leader: int) -> bytes:
    try:
        return os.read(leader, 4096)
    except OSError:  # Linux says so when the other end is closed
        return b""


def test_styles_of_our_own_still_work() -> None:
    said = run_on_a_terminal("query", "SELECT model FROM metrics")
    assert "\x1b[1m" in said, "the head of a table is bold"
    assert SEEN in said
    assert "\x1b[31m" not in said


def test_progress_bars_show_notices_above_them() -> None:
    code = (
        "import logging; from polysteer.cli.stderr import show_notices, show_progress; show_notices()\n"
        f"with show_progress({f'[red]{EVIL}'!r}) as progress:\n"
        f"    progress({EVIL!r}, 1, 2); logging.getLogger('polysteer').warning({EVIL!r})\n"
    )
    leader, follower = os.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=follower, env=environment, check=False
    )
    os.close(follower)
    said = b"".join(iter(lambda: read_some(leader), b"")).decode()
    os.close(leader)
    assert (done.returncode, done.stdout) == (0, b"")
    assert f"[red]{SEEN}" in said
    assert f"steer: {SEEN}" in said
    assert "\x1b[31m" not in said
