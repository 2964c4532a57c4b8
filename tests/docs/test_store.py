"""The Python in docs/store.md runs as it stands."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "store.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.mark.parametrize(
    ("block", "says"),
    list(
        zip(
            BLOCKS,
            (r"top-1 among 500: 0\.\d+\nxSIM error among 40: 0\.\d+ f1: 0\.\d+", r"same_layer.*0\.125"),
            strict=True,
        )
    ),
)
def test_python_runs(block: str, says: str, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.search(says, done.stdout), done.stdout
