"""What a command found, as a person and as a script get it."""

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from polysteer.cli.sheets import print_found, write_bytes
from polysteer.grid import Grid


class Found(NamedTuple):
    """A record."""

    path: Path
    share: float


ROWS = (("a", "7", "2 words"), ("bb", "-", "one"), (), ("all", "1,007", "-"))
GRID = Grid("Found", ("name", "n", "said"), ROWS)


def test_numbers_stand_to_the_right_and_words_to_the_left(capsys: pytest.CaptureFixture[str]) -> None:
    print_found(None, ["before", GRID], json=False)
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert [line for line in lines if line.strip(" ─")] == [
        "before",
        "Found",
        "  name      n  said",
        "  a         7  2 words",
        "  bb        -  one",
        "  all   1,007  -",
    ]
    assert lines[-3:] == ["", "  all   1,007  -", ""], "what is apart stands apart"


@pytest.mark.parametrize(("folds", "widest"), [(True, 20), (False, 42)])
def test_a_table_is_folded_where_that_is_asked_for_and_never_cut(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folds: bool, widest: int
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    print_found(None, [Grid("", (), (("x" * 40,),))], json=False, folds=folds)
    said = capsys.readouterr().out
    assert max(len(line.rstrip()) for line in said.splitlines()) <= widest
    assert said.count("x") == 40


def test_a_script_gets_records_and_nothing_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    def draw() -> Grid:
        raise AssertionError

    records = {"found": [Found(Path("a"), float("nan"))]}
    print_found(records, (draw() for _ in range(1)), json=True)
    assert json.loads(capsys.readouterr().out) == {"found": [{"path": "a", "share": None}]}


@pytest.mark.parametrize(
    ("n_bytes", "written"),
    [
        (None, "not known"),
        (0, "0 B"),
        (999, "999 B"),
        (1500, "1.5 kB"),
        (999_499, "999 kB"),
        (999_999, "1 MB"),
        (4_591_488, "4.59 MB"),
        (2 * 10**15, "2 PB"),
    ],
)
def test_sizes_have_three_digits(n_bytes: int | None, written: str) -> None:
    assert write_bytes(n_bytes) == written
