"""`steer report --front` and `--oracle`: what dev saw, and what nobody may report."""

import csv
import io
import json
from dataclasses import replace

import pytest

pytestmark = pytest.mark.usefixtures("project")
ASKED = ("report", "-e", "tiny", "-l", "ja")
ORACLE = (*ASKED, "--oracle")


def read_sweep(stored) -> list[tuple[str, float, float, float]]:
    """Score, k, top-1 on dev at the last layer and cost of every mask of ja, cheapest first."""
    of_ja = {"experiment": "tiny", "arm": "mask", "target": "ja", "split": "dev"}
    top1 = {
        (row["score"], row["k"]): row["value"]
        for row in stored.find(metric="top1", layer="final", source="*", reference="*", **of_ja)
    }
    costs = {(row["score"], row["k"]): row["value"] for row in stored.find(metric="cost", **of_ja)}
    return sorted(((*mask, top1[mask], costs[mask]) for mask in top1), key=lambda one: (one[3], one[2]))


def test_the_front_has_gain_cost_and_the_choice(run, stored):
    sweep = read_sweep(stored)
    assert len(sweep) == 4
    (plain,) = stored.find(
        experiment="tiny", arm="baseline", revision=None, split="dev", metric="top1", layer="final"
    )
    choice = stored.find_choices(experiment="tiny", arm="mask", target="ja", view="same_layer")
    expected = []
    for score, k, top1, cost in sweep:
        beaten = any(a >= top1 and b <= cost and (a, b) != (top1, cost) for *_, a, b in sweep)
        is_chosen = [(score, k)] == [(row["score"], row["k"]) for row in choice]
        expected.append((score, k, cost, not beaten, is_chosen, pytest.approx(top1 - plain["value"])))
    rows = json.loads(run(*ASKED, "--front", "--format", "json"))["rows"]
    names = ("score", "k", "cost", "on_front", "chosen", "gain")
    assert [tuple(row[name] for name in names) for row in rows] == expected
    out = run(*ASKED, "--front")
    lines = [line.split() for line in out.splitlines()]
    for score, k, cost, on_front, is_chosen, _ in expected:
        (line,) = [line for line in lines if {score, f"{k:g}", f"{cost:#.3g}"} <= set(line)]
        assert (line[0] == "*", line[-1] == "chosen") == (on_front, is_chosen)
    assert max(map(len, out.splitlines())) <= 80


def test_the_oracle_stands_beside_the_choice_of_dev(run, stored, write):
    lines = [line.split() for line in run(*ORACLE).splitlines()]
    layers = ("0", "1", "2", "3", "final")
    dev = stored.pick("top1", "baseline", view="best_layer")
    best = max(
        (stored.pick("top1", "baseline", layer=layer) for layer in layers), key=lambda row: row["value"]
    )
    flattery = f"{100 * (best['value'] - dev['value']):+.1f}"
    assert ["baseline", write.share(dev), dev["layer"], write.share(best), best["layer"], flattery] in lines
    # No mask acts on layer 0, whatever stands there.
    masks = [
        stored.pick("top1", "mask", "ja", view=view, layer=layer)["value"]
        for view in ("same_layer", "best_layer")
        for layer in layers[1:]
    ]
    (mask,) = [line for line in lines if line[:1] == ["mask"]]
    assert mask[3] == write.share(max(masks))
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


def test_arms_of_later_days_are_shown_under_their_own_name(run, rewrite, stored, write):
    row = [write.share(stored.mean("top1", "permuted", "ja")), "-", "-", "-", "-", "-"]
    assert ["values", "permuted", *row] in [line.split() for line in run(*ASKED).splitlines()]

    def rename(row):
        return replace(row, arm="brand_new") if row.arm == "permuted" else row

    rewrite(
        change=lambda rows: [rename(row) for row in rows],
        choose=lambda choices: [choice._replace(of=rename(choice.of)) for choice in choices],
    )
    assert ["brand_new", *row] in [line.split() for line in run(*ASKED).splitlines()]
