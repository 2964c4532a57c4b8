"""`steer report --front` and `--oracle`: what dev saw, and what nobody may report."""

import csv
import io
import json

import pytest

pytestmark = pytest.mark.usefixtures("study")


def test_the_front_has_gain_cost_and_the_choice(run):
    out = run("report", "-e", "try", "--front")
    lines = [line.split() for line in out.splitlines()]
    assert ["*", "ap_union", "1", "0.03", "14.0", "+3.0", "1.05"] in lines
    assert ["*", "ap_union", "1", "0.2", "20.0", "+9.0", "1.20", "chosen"] in lines
    assert max(map(len, out.splitlines())) <= 80
    rows = json.loads(run("report", "-e", "try", "-l", "ja", "--front", "--format", "json"))["rows"]
    assert [(row["k"], row["cost"], row["on_front"], row["chosen"]) for row in rows] == [
        (0.03, 1.05, True, False),
        (0.2, 1.2, True, True),
    ]
    assert [row["gain"] for row in rows] == pytest.approx([0.03, 0.09])


ORACLE = ("report", "-e", "try", "-l", "ja", "--oracle")


def test_the_oracle_stands_beside_the_choice_of_dev(run):
    lines = [line.split() for line in run(*ORACLE).splitlines()]
    assert ["baseline", "19.0", "1", "30.0", "0", "+11.0"] in lines
    # No mask acts on layer 0, where 30 % stand with the mask too.
    assert ["mask", "18.0", "1", "18.7", "final", "+0.7"] in lines
    assert not any(line[:1] == ["random,"] for line in lines)


@pytest.mark.parametrize("format", ["table", "json", "csv", "markdown"])
def test_the_oracle_is_called_an_upper_bound_in_every_format(run, format):
    assert "UPPER BOUND, NOT A RESULT" in run(*ORACLE, "--format", format)


def test_every_row_of_the_oracle_says_what_it_is(run):
    rows = list(csv.DictReader(io.StringIO(run(*ORACLE, "--format", "csv"))))
    assert {(row["picked_on"], row["label"].partition(":")[0]) for row in rows} == {
        ("dev", "result"),
        ("test", "UPPER BOUND, NOT A RESULT"),
    }
    json_rows = json.loads(run(*ORACLE, "--format", "json"))["rows"]
    assert [row["label"] for row in json_rows] == [row["label"] for row in rows]


def test_methods_of_later_days_are_shown_under_their_own_name(run):
    lines = [line.split() for line in run("report", "-e", "try", "-l", "ja").splitlines()]
    assert ["values", "permuted", "17.0", "-", "-", "-", "-", "-"] in lines
    assert ["brand_new", "17.0", "-", "-", "-", "-", "-"] in lines
