"""`steer report --compare A B` on two experiments; what cannot be compared is refused."""

import json
from dataclasses import replace

import pytest

from polysteer.errors import ArtifactError, ConfigError

pytestmark = pytest.mark.usefixtures("project")


def test_two_experiments_stand_side_by_side_by_target(run, stored, write):
    out = run("report", "--compare", "tiny", "other")
    lines = [line.split() for line in out.splitlines()]
    sides = [
        [stored.pick("top1", *of, experiment=name) for of in (("baseline",), ("mask", "ja"))]
        for name in ("tiny", "other")
    ]
    cells = [cell for plain, mask in sides for cell in (write.share(plain), *write.share_and_spread(mask))]
    difference = sides[1][1]["value"] - sides[0][1]["value"]
    assert ["ja", *cells, f"{100 * difference:+.1f}"] in lines
    costs = [stored.pick("cost", "mask", "ja", experiment=name) for name in ("tiny", "other")]
    assert ["ja", *(f"{row['value']:.2f}" for row in costs), *(f"{row['k']:g}" for row in costs)] in lines
    said = " ".join(out.split())
    assert (
        "NOT COMPARABLE as they stand: A is looked up among 16 candidates, B among 10 candidates; the test "
        "texts differ: corpus.dev 12 and 6; corpus.find 40 and 20; corpus.test 16 and 10. Other settings "
        "that differ:"
    ) in said
    assert "Only tiny has de." in said
    assert max(map(len, out.splitlines())) <= 80


def test_a_comparison_for_scripts(run, stored):
    answer = json.loads(run("report", "--compare", "tiny", "other", "--format", "json"))
    assert [(one["experiment"], one["target"]) for one in answer["summaries"]] == [
        ("tiny", "de"),
        ("tiny", "ja"),
        ("other", "ja"),
    ]
    (row,) = [row for row in answer["rows"] if (row["arm"], row["metric"]) == ("mask", "top1")]
    a, b = (stored.pick("top1", "mask", "ja", experiment=name)["value"] for name in ("tiny", "other"))
    assert (row["a"], row["b"], row["a_value"], row["b_value"]) == ("tiny", "other", a, b)
    assert row["difference"] == pytest.approx(b - a)


def test_another_metric_and_layer_are_compared(run):
    rows = json.loads(run("report", "--compare", "tiny", "other", "-m", "mrr", "--format", "json"))["rows"]
    assert {row["metric"] for row in rows} == {"mrr", "cost"}
    rows = json.loads(run("report", "--compare", "tiny", "other", "--layer", "1", "--format", "json"))["rows"]
    assert {row["a_layer"] for row in rows if row["metric"] == "top1"} == {"1"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("tiny", "othr"), r"'othr' is neither an experiment nor a target of one; did you mean 'other'\?"),
        (("tiny", "ja"), "tiny and ja are not two experiments, nor two targets of one; name two"),
        (("tiny", "plain", "-m", "perplexity"), "only tiny has perplexity, so it cannot be compared"),
        (("tiny", "tiny"), "given 'tiny' twice"),
        (("tiny", "other", "-e", "tiny"), "leave out --experiment"),
        (("ja", "de", "-l", "ja"), "leave out --lang"),
    ],
)
def test_what_cannot_be_compared_is_refused(run, arguments, says):
    with pytest.raises(ConfigError, match=says):
        run("report", "--compare", *arguments)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("tiny", "later"), "'later' has no numbers yet; run `steer run later`"),
        (("tiny", "other", "-l", "de"), "no numbers of target 'de'; it has ja"),
    ],
)
def test_what_was_not_run_says_so(run, arguments, says):
    with pytest.raises(ArtifactError, match=says):
        run("report", "--compare", *arguments)


def remake(rewrite, *, texts=None, **settings):
    """Let `other` be `tiny` again but for some of its settings, and its texts."""

    def change(making):
        changed = {name: {**making.settings[name], **values} for name, values in settings.items()}
        return replace(making, settings=making.settings | changed, texts=texts or making.texts)

    rewrite("tiny", remake=change, to="other")


def test_another_test_text_forbids_to_compare(rewrite, run):
    remake(rewrite, corpus={"seed": 7}, texts={"test": "other text"})
    out = run("report", "--compare", "tiny", "other")
    assert "A beside B (NOT COMPARABLE: other test text)\n" in out
    said = " ".join(out.split())
    assert "NOT COMPARABLE as they stand: the test texts differ: corpus.seed 0 and 7." in said
    answer = json.loads(run("report", "--compare", "tiny", "other", "--format", "json"))
    assert answer["comparable"] is False
    assert answer["differences"] == [{"key": "corpus.seed", "a": 0, "b": 7}]


def test_other_settings_on_one_text_are_named(rewrite, run):
    remake(rewrite, rank={"k": [5.0]})
    out = run("report", "--compare", "tiny", "other")
    assert "NOT COMPARABLE" not in out
    assert "Other settings that differ: rank.k [0.1, 8] and 5." in " ".join(out.split())
    answer = json.loads(run("report", "--compare", "tiny", "other", "--format", "json"))
    assert answer["comparable"] is True
    assert answer["differences"] == [{"key": "rank.k", "a": [0.1, 8.0], "b": [5.0]}]


def test_the_same_settings_on_text_that_changed_are_not_comparable(rewrite, run):
    remake(rewrite, texts={"test": "other text"})
    said = " ".join(run("report", "--compare", "tiny", "other").split())
    assert "the test texts differ: the settings agree, their content does not." in said
