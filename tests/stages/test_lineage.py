"""A step refuses work that was made with other settings, or its numbers would go by a wrong name."""

import shutil
from pathlib import Path

import pytest

from polysteer.config import load_experiments
from polysteer.errors import ArtifactError
from polysteer.layout import Layout
from polysteer.stages import collect, embed, evaluate, rank
from polysteer.stages.lineage import check_settings, recorded
from polysteer.stages.run import Run


@pytest.fixture
def edit(finished: Path, tmp_path: Path):
    """The finished experiment after an edit of its file, as the next step is handed it."""
    shutil.copytree(finished / "artifacts", tmp_path / "artifacts")

    def change(old: str, new: str) -> Run:
        text = (finished / "experiments.yaml").read_text()
        assert old in text
        (tmp_path / "experiments.yaml").write_text(text.replace(old, new))
        settings = load_experiments(tmp_path / "experiments.yaml").experiments["tiny"]
        return Run("tiny", settings, Layout(tmp_path / "artifacts").experiment("tiny"))

    return change


@pytest.mark.parametrize(
    ("step", "old", "new", "says"),
    [
        (
            evaluate,
            "embed: {}",
            "embed: {pool: max}",
            r"vectors was .*: embed.pool mean -> max; run `steer embed`",
        ),
        (evaluate, "steer: {}", "steer: {where: last}", "steer.where real -> last; run `steer embed`"),
        (evaluate, "find: 40", "find: 39", "corpus.find 40 -> 39; run `steer embed`"),
        (evaluate, "controls: 3", "controls: 2", "evaluate.controls 3 -> 2; run `steer embed`"),
        (embed, "rank: {", "rank: {ends: both, ", "masks was .*: rank.ends top -> both; run `steer rank`"),
        (embed, "sites: [attn.out, mlp.hidden]", "sites: [mlp.hidden]", "collect.sites .*run `steer rank`"),
        (
            rank,
            "value: token_mean",
            "value: token_median",
            "rank.value token_mean -> token_median; run `steer coll",
        ),
        (collect, "test: 16", "test: 15", "corpus was .*: corpus.test 16 -> 15; run `steer corpus`"),
    ],
)
def test_work_of_other_settings_is_refused(edit, step, old, new, says) -> None:
    with pytest.raises(ArtifactError, match=says):
        step.perform(edit(old, new))


def test_what_only_the_step_itself_reads_may_change(edit) -> None:
    assert "numbers" in evaluate.perform(edit("resamples: 200", "resamples: 300"))


def test_the_same_settings_in_other_words_are_the_same(edit) -> None:
    assert "numbers" in evaluate.perform(edit("embed: {}", "embed: {pool: mean, layers: all}"))


def test_work_that_was_stopped_halfway_is_of_no_settings(edit, monkeypatch) -> None:
    """Some vectors may be of the old settings and some of the new, whichever the file names then."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    changed = edit("embed: {}", "embed: {pool: max}")
    monkeypatch.setattr(embed, "_read_model", stop)
    with pytest.raises(KeyboardInterrupt):
        embed.perform(changed)
    with pytest.raises(ArtifactError, match=r"settings\.json is not there; run `steer embed`"):
        evaluate.perform(edit("embed: {}", "embed: {pool: mean}"))


def test_a_second_run_of_the_same_settings_finds_what_the_first_left(edit) -> None:
    """While a step looks through finished work, another run may be reading its record."""
    run = edit("embed: {}", "embed: {pool: mean}")
    for step in ("corpus", "collect", "rank", "embed"):
        with recorded(run, step):
            check_settings(run, step)
