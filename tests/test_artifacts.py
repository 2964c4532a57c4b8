"""Files that are whole or absent, whatever goes wrong while they are written."""

import os
import subprocess
import sys

import pytest

from polysteer.artifacts import atomic_path
from polysteer.errors import ArtifactError

WITHOUT_ROOM = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
from pathlib import Path
import numpy as np
from polysteer.errors import PolysteerError
folder = Path({folder!r})
try:
    {statement}
except PolysteerError as error:
    print(error)
"""

TENSORS = (
    "from polysteer.tensorfile import write_tensors; "
    "write_tensors(folder / 'x', {'a': np.zeros(9000, np.float32)}, {})"
)
JSON = "from polysteer.jsonfile import write_json; write_json(folder / 'x', {'a': 'b' * 9000})"
METRICS = (
    "from polysteer.store import MetricRow, write_metrics; write_metrics(folder / 'x', "
    "[MetricRow(experiment='x', model='m', fingerprint='f', metric=f'top{i}', value=i) for i in range(3000)])"
)
CORPUS = (
    "import pyarrow as pa; from polysteer.corpus.corpus_schema import SCHEMA; "
    "from polysteer.corpus.corpus_table import Corpus; "
    "rows = [{'id': f'{i:05}', 'lang': 'en', 'split': 'find', 'text': str(i)} for i in range(3000)]; "
    "Corpus(pa.Table.from_pylist(rows, schema=SCHEMA)).write(folder)"
)


@pytest.mark.skipif(sys.platform == "win32", reason="limits of the process are those of POSIX")
@pytest.mark.parametrize("statement", [TENSORS, JSON, METRICS, CORPUS])
def test_a_full_disk_is_said_and_leaves_nothing(tmp_path, statement):
    """A limit on the size of files fails a write as a full disk does, and needs no rights."""
    program = WITHOUT_ROOM.format(limit=4000, folder=str(tmp_path), statement=statement)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"cannot write {tmp_path}"), done.stdout
    assert "File too large" in done.stdout
    assert "free some space" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_about_writing_goes_through(tmp_path):
    for error in (
        FileNotFoundError("no storage files available"),
        FileNotFoundError(2, "No such file or directory", str(tmp_path / "another")),
        ConnectionResetError(104, "Connection reset by peer"),
        ValueError("else"),
    ):
        with pytest.raises(type(error)) as found, atomic_path(tmp_path / "x"):
            raise error
        assert found.value is error
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_opened_is_about_writing(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(ArtifactError, match=rf"cannot write .*stands in its way at {tmp_path / 'file'}: move"),
        atomic_path(tmp_path / "file" / "x"),
    ):
        raise AssertionError("the block is not reached")


def test_an_empty_folder_makes_way_and_a_full_one_stays(tmp_path):
    (tmp_path / "x").mkdir()
    with atomic_path(tmp_path / "x") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "x").read_text() == "new"
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("mine")
    with (
        pytest.raises(ArtifactError, match=r"full: Directory not empty; .* move it away"),
        atomic_path(tmp_path / "full") as temporary,
    ):
        temporary.write_text("new")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["full", "mine", "x"]


def test_a_device_is_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(ArtifactError, match="it is a device"), atomic_path(pipe) as temporary:
        temporary.write_text("anything")
    assert pipe.is_fifo()
