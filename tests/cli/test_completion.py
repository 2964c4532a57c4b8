"""What a shell is offered after `--metric`, and that it costs nothing to offer it."""

import os
import subprocess
import sys

import pytest

CODE = """if True:
    import atexit, sys
    atexit.register(lambda: print(*{name.partition(".")[0] for name in sys.modules}, file=sys.stderr))
    from polysteer.cli.main import main
    main()
"""


def complete(words: str) -> tuple[list[str], set[str]]:
    """The words that bash gets, and the packages that were imported for them."""
    asked = {
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
        "_STEER_COMPLETE": "complete_bash",
    }
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, env=os.environ | asked
    )
    return done.stdout.split(), set(done.stderr.split())


@pytest.mark.parametrize(
    ("begun", "offered"),
    [("m", ["mrr", "margin_top1", "mexa"]), ("control", ["control_rank", "control_p_value"]), ("zz", [])],
)
def test_names_of_metrics_are_completed_without_a_heavy_import(begun: str, offered: list[str]) -> None:
    found, imported = complete(f"steer report --metric {begun}")
    assert found == offered
    assert "polysteer" in imported
    assert not imported & {"numpy", "scipy", "torch", "transformers", "duckdb", "pyarrow"}
