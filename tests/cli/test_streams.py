"""`steer` on streams that lack characters, are full, or have nobody at the other end."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pytest

STEER = [sys.executable, "-c", "from polysteer.cli.main import main; main()"]
FILES = ("artifacts", "experiments.yaml", "t.en", "t.fr")

pytestmark = pytest.mark.usefixtures("project")


@pytest.fixture
def project(make_project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    made = make_project()
    monkeypatch.chdir(made)
    return made


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_streams_that_lack_characters(encoding: str) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    sql = "SELECT 'Füße 日本 😀' AS word"

    def ask(*words: str) -> str:
        done = subprocess.run([*STEER, *words], capture_output=True, env=environment, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode(encoding)

    known = "Füße" if encoding == "cp1252" else r"F\xfc\xdfe"
    for format in ("table", "csv", "markdown"):
        assert rf"{known} \u65e5\u672c \U0001f600" in ask("query", sql, "--format", format)
    assert json.loads(ask("query", sql, "--format", "json")) == [{"word": "Füße 日本 😀"}]
    table = [line for line in ask("query", sql).splitlines() if line.strip()]
    assert len({len(line) for line in table}) == 1, "its frame fits"


def open_full_disk() -> IO[str]:
    if not Path("/dev/full").is_char_device():
        pytest.skip("there is no /dev/full here")
    return Path("/dev/full").open("w")


def test_a_full_disk_and_a_closed_pipe() -> None:
    for words in (["query", "SELECT 1"], ["query", "SELECT 1", "--format", "parquet"], ["--help"]):
        with open_full_disk() as full:
            done = subprocess.run([*STEER, *words], stdout=full, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 1
        assert re.fullmatch("steer: .*No space left on device\n", done.stderr)
        with subprocess.Popen([*STEER, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as closed:
            assert closed.stdout is not None
            assert closed.stderr is not None
            closed.stdout.close()
            assert closed.stderr.read() == b""
            assert closed.wait() == 1


def test_a_log_that_cannot_be_written_stops_no_work(project: Path) -> None:
    with open_full_disk() as full:
        done = subprocess.run([*STEER, "corpus", "mine"], stderr=full)
    assert done.returncode == 0
    assert (project / "artifacts" / "mine" / "corpus").exists()


def test_csv_stays_csv(steer: Callable[..., Any]) -> None:
    said = steer("query", "SELECT 'a,b' AS x, chr(10) || 'c' AS y, chr(9) AS z", "--format", "csv").stdout
    assert list(csv.reader(io.StringIO(said))) == [["x", "y", "z"], ["a,b", "\nc", "\t"]]


@pytest.mark.parametrize("more", [[], ["--format", "parquet", "--out", "answer.parquet"]])
def test_ctrl_c_ends_a_long_query(project: Path, more: list[str]) -> None:
    words = ["query", "SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b", *more]
    steer = [sys.executable, "-c", "from polysteer.cli.main import main; print('ready', flush=True); main()"]
    with subprocess.Popen(
        [*steer, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as asked:
        assert asked.stdout is not None
        assert asked.stdout.readline() == "ready\n"
        time.sleep(2)  # by then DuckDB is at work
        asked.send_signal(signal.SIGINT)
        said = asked.communicate()
    assert said == ("", "\nsteer: stopped; finished work is kept, the same command goes on\n")
    assert asked.returncode == 130
    assert sorted(path.name for path in project.iterdir()) == sorted(FILES)


@pytest.mark.parametrize("place", [".", "artifacts", "", "pipe"])
def test_a_folder_and_a_device_are_no_place_for_a_file(
    project: Path, steer: Callable[..., Any], place: str
) -> None:
    os.mkfifo(project / "pipe")  # stands for devices such as /dev/null
    refused = steer("query", "SELECT 1", "--format", "parquet", "--out", place)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert f"{place or '.'} is a {'device' if place == 'pipe' else 'folder'}; name a file" in refused.stderr
    assert (project / "pipe").is_fifo()
    assert sorted(path.name for path in project.iterdir()) == sorted([*FILES, "pipe"])
