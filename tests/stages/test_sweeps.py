"""A sweep over sites and poolings: each point is what an experiment of its own would have, read once."""

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

from polysteer.arms.random_neurons import RandomNeurons
from polysteer.cli.mask_tables import list_catalogue
from polysteer.cli.sheets import print_found
from polysteer.config import load_experiments
from polysteer.corpus.corpus_table import Corpus
from polysteer.layout import BASELINE, Layout
from polysteer.masks import ExpertMask
from polysteer.planning.plan import plan_experiment
from polysteer.ranking.experts import build_control
from polysteer.ranking.table import RankTable
from polysteer.report import Subject, summarize
from polysteer.report.sentences import list_sentences
from polysteer.report.views.front import read_front
from polysteer.report.views.headline import grid_summaries
from polysteer.sharing.catalogue import list_masks
from polysteer.stages import collect, corpus, embed, evaluate, rank
from polysteer.stages.run import Run
from polysteer.store import build_database
from polysteer.trials.session import Steering

EXPERIMENT = """\
schema: 1
experiments:
  tiny:
    model: {model}
    corpus: {{source: builtin, languages: [en, de, ja], find: 40, dev: 12, test: 16}}
    targets: [ja]
    collect: {{sites: {collected}, pool: {pool}}}
    rank: {{score: {score}, sites: {sites}, k: 0.1, value: token_mean}}
    steer: {{}}
    embed: {{}}
    evaluate: {{controls: 2, extra_draws: 1, {more}choose: {{cost_at_most: 5, cost_texts: 6}}}}
"""
BOTH = "[attn.out, mlp.hidden]"
SWEEP = {"collected": BOTH, "pool": "[mean, max]", "sites": "[all, mlp.hidden]"}
# What the label of a point ends in -> the settings of an experiment that is that point alone.
POINTS = {
    "": {"collected": BOTH, "pool": "mean"},
    "-mlp.hidden": {"collected": "mlp.hidden", "pool": "mean"},
    "-max": {"collected": BOTH, "pool": "max"},
    "-mlp.hidden-max": {"collected": "mlp.hidden", "pool": "max"},
}
Make = Callable[..., "CountedRun"]


class CountedRun(Run):
    """A run that counts the tokens of text that its model reads, pads left out."""

    def load_model(self):
        from polysteer.models.backbone import find_backbone

        loaded = super().load_model()
        find_backbone(loaded.model).register_forward_pre_hook(self.see, with_kwargs=True)
        return loaded

    def see(self, _module, args, given) -> None:
        ids, mask = args[0] if args else given["input_ids"], given.get("attention_mask")
        if given.get("use_cache") is False:  # what is read to find the model's parts is no text
            self.counts["tokens"] += ids.numel() if mask is None else int(mask.sum())


def make_run(folder: Path, model: Path, *, score: str = "ap", more: str = "", **settings: str) -> CountedRun:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "experiments.yaml"
    settings = {"sites": "all", **settings}
    file.write_text(EXPERIMENT.format(model=model, score=score, more=more, **settings))
    experiment = load_experiments(file).experiments["tiny"]
    run = CountedRun("tiny", experiment, Layout(folder / "artifacts").experiment("tiny"))
    object.__setattr__(run, "counts", {"tokens": 0})
    return run


def rank_run(run: CountedRun) -> CountedRun:
    for stage in (corpus, collect, rank):
        stage.perform(run)
    return run


@pytest.fixture(scope="module")
def singles(tmp_path_factory, model_folder: Path) -> dict[str, CountedRun]:
    """An experiment of its own for every point, as far as its masks."""
    folder = tmp_path_factory.mktemp("singles")
    return {
        label: rank_run(make_run(folder / str(number), model_folder, score="[ap, lape]", **settings))
        for number, (label, settings) in enumerate(POINTS.items())
    }


@pytest.fixture(scope="module")
def swept(tmp_path_factory, model_folder: Path) -> CountedRun:
    """The whole sweep, from text to numbers, with experts from fewer sentences."""
    more = "efficiency: {sentences: [10, 40], seeds: 2}, "
    run = rank_run(make_run(tmp_path_factory.mktemp("swept"), model_folder, more=more, **SWEEP))
    run.counts["collected"] = run.counts["tokens"]
    embed.perform(run)
    evaluate.perform(run)
    return run


@pytest.fixture(scope="module")
def database(swept: CountedRun) -> Path:
    path = swept.layout.folder.parent / "metrics.duckdb"
    build_database([swept.layout.metrics], path)
    return path


def test_every_mask_is_that_of_an_experiment_of_its_own(
    singles: dict[str, CountedRun], tmp_path: Path, model_folder: Path
) -> None:
    run = rank_run(make_run(tmp_path, model_folder, score="[ap, lape]", **SWEEP))
    assert len(list((run.layout.masks / "ja").iterdir())) == 8
    sizes = set()
    for point, single in singles.items():
        for score in ("ap", "lape"):
            label = f"{score}-own-k0.1-token_mean"
            alone = ExpertMask.load(single.layout.mask("ja", label))
            mask = ExpertMask.load(run.layout.mask("ja", f"{label}{point}"))
            assert mask.metadata == alone.metadata
            for name, array in mask.arrays().items():
                np.testing.assert_array_equal(array, getattr(alone, name), err_msg=f"{label}{point} {name}")
            sizes.add((score, point.removesuffix("-max"), len(mask)))
    # LAPE's bar is that of the point's own neurons, so that its scores are not those of all sites.
    whole, alone = (RankTable.load(one.layout.scores()) for one in (run, singles["-mlp.hidden"]))
    assert (whole.scores_of("lape")[:, 96:] != alone.scores_of("lape")).any()
    # k is a share of the point's own neurons: 3 blocks of 32 and 48, or of 48 alone.
    assert {size for size in sizes if size[0] == "ap"} == {("ap", "", 24), ("ap", "-mlp.hidden", 14)}


def test_responses_of_both_poolings_are_read_once(swept: CountedRun, singles: dict[str, CountedRun]) -> None:
    assert swept.counts["collected"] == singles[""].counts["tokens"] > 0
    for name, single in (("responses", singles[""]), ("responses/pooled-max", singles["-max"])):
        for language in ("de", "en", "ja"):
            file = f"{language}/shard-00000.safetensors"
            found, alone = swept.layout.folder / name / file, single.layout.responses / file
            assert found.read_bytes() == alone.read_bytes()


def measure_files(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.safetensors"))


def read_losses(path: Path) -> tuple[float, int]:
    with safe_open(path, "numpy") as file:
        nll, n_tokens, _ = json.loads(file.metadata()["facts"])["loss"]
    return nll, n_tokens


def judge_by_hand(run: CountedRun, label: str) -> tuple[float, float]:
    """Top-1 at the last layer and cost on dev, from what is stored."""
    path = run.layout.judgement("ja", label)
    with safe_open(path, "numpy") as file:
        facts = json.loads(file.metadata()["judgement"])
    hits = load_file(path)["ranks"][facts["layers"].index("final")] == 1
    more = {}
    for language, (nll, n_tokens, _) in facts["losses"].items():
        plain, n_plain = read_losses(run.layout.encoded("baseline", "dev", language))
        more[language] = nll / n_tokens - plain / n_plain
    return float(hits.mean()), math.exp(max(more["ja"], (more["en"] + more["de"]) / 2))


def test_dev_chooses_the_best_of_all_points(swept: CountedRun) -> None:
    labels = [candidate.label for candidate in swept.settings.candidates()]
    assert labels == [
        "ap-own-k0.1-token_mean-set-s1",
        "ap-own-k0.1-token_mean-mlp.hidden-set-s1",
        "ap-own-k0.1-token_mean-max-set-s1",
        "ap-own-k0.1-token_mean-mlp.hidden-max-set-s1",
    ]
    judged = {label: judge_by_hand(swept, label) for label in labels}
    assert len(set(judged.values())) > 2
    affordable = {label: found for label, found in judged.items() if found[1] <= 5}
    best = min(affordable, key=lambda label: (-affordable[label][0], affordable[label][1]))
    choice = json.loads(swept.layout.choice("ja").read_text())["same_layer"]
    assert (choice["label"], choice["score"]) == (best, pytest.approx(judged[best][0]))
    assert choice["cost"] == pytest.approx(judged[best][1])


def test_draws_come_from_the_table_of_their_pooling_and_sites(
    swept: CountedRun, singles: dict[str, CountedRun]
) -> None:
    text = Corpus.read(swept.layout.corpus)
    session = embed._make_session(swept, text, swept.load_model, swept.model_source, BASELINE)
    arm = RandomNeurons()
    tables = set()
    for point, single in singles.items():
        label = f"ap-own-k0.1-token_mean{point}"
        steering = Steering(label, ExpertMask.load(swept.layout.mask("ja", label)), 1.0, "")
        drawn = arm.draw_one(session, steering, 1).mask
        alone = ExpertMask.load(single.layout.mask("ja", "ap-own-k0.1-token_mean"))
        due = build_control(RankTable.load(single.layout.scores()), alone, seed=0, draw=1)
        for name, array in drawn.arrays().items():
            np.testing.assert_array_equal(array, getattr(due, name), err_msg=f"{point} {name}")
        tables.add(arm.stamp_source(session, [steering]))
    assert len(tables) == 2


def test_the_experts_of_all_sentences_are_those_of_the_sweep(swept: CountedRun) -> None:
    """Found again from the stored responses of the right pooling and sites: 40 sentences are all."""
    label = json.loads(swept.layout.choice("ja").read_text())["same_layer"]["label"]
    again = load_file(swept.layout.fewer_sentences("ja", 40, 0))["ranks"]
    chosen = np.stack(
        [
            load_file(swept.layout.encoded(f"ja/{label}", "test", language))["vectors"][-1]
            for language in ("de", "en", "ja")
        ]
    ).astype(np.float64)
    chosen /= np.linalg.norm(chosen, axis=2, keepdims=True)
    hits = [
        (chosen[a] @ chosen[b].T).argmax(axis=1) == np.arange(16)
        for a in range(3)
        for b in range(3)
        if a != b
    ]
    assert (again == 1).mean() == pytest.approx(np.mean(hits), abs=2.5 / (6 * 16))


def test_a_second_run_reads_nothing(swept: CountedRun) -> None:
    before = swept.counts["tokens"]
    assert collect.perform(swept) == "0 of 3 languages read, 0 sentences"
    rank.perform(swept)
    assert "nothing to read" in embed.perform(swept)
    assert swept.counts["tokens"] == before


def test_a_pooling_that_is_added_is_all_that_is_read(
    tmp_path: Path, model_folder: Path, singles: dict[str, CountedRun]
) -> None:
    shutil.copytree(singles[""].layout.folder.parent, tmp_path / "artifacts")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "artifacts").rglob("*.safetensors")}
    run = make_run(tmp_path, model_folder, score="[ap, lape]", collected=BOTH, pool="[mean, max]")
    assert collect.perform(run) == "3 of 3 languages read, 120 sentences"
    rank.perform(run)
    kept = [path for path in before if "responses" in path.parts or path.name == "scores.safetensors"]
    assert {path.stat().st_mtime_ns for path in kept} == {before[path] for path in kept}
    found = run.layout.pooled("max") / "ja/shard-00000.safetensors"
    alone = singles["-max"].layout.responses / "ja/shard-00000.safetensors"
    assert found.read_bytes() == alone.read_bytes()
    (run.layout.pooled("max") / "ja" / "index.json").unlink()
    assert collect.perform(run) == "1 of 3 languages read, 40 sentences"


def test_the_report_says_what_was_chosen(swept: CountedRun, database: Path) -> None:
    label = json.loads(swept.layout.choice("ja").read_text())["same_layer"]["label"]
    candidate = next(one for one in swept.settings.candidates() if one.label == label)
    sites = "+".join(candidate.sites or ("attn.out", "mlp.hidden"))
    pool = candidate.pool or "mean"
    [headline] = summarize(database, experiment="tiny")
    said = f"k = 0.1, experts in {sites.replace('+', ' and ')}, responses pooled by {pool}"
    assert said in list_sentences(headline)[0]
    assert f"sites {sites}, pooling {pool}" in grid_summaries([headline]).title
    rows = read_front(database, Subject("tiny", "ja"))
    assert {(row["sites"], row["response_pooling"]) for row in rows} == {
        (sites, pool) for sites in ("attn.out+mlp.hidden", "mlp.hidden") for pool in ("mean", "max")
    }
    assert [(row["sites"], row["response_pooling"]) for row in rows if row["chosen"]] == [(sites, pool)]


def test_the_list_of_masks_tells_them_apart(swept: CountedRun, capsys) -> None:
    file = swept.layout.folder.parents[1] / "experiments.yaml"
    entries = list_masks(load_experiments(file), Layout(swept.layout.folder.parent))
    print_found(None, list_catalogue(entries), json=False)
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if " ap " in line]
    assert not any("…" in cell for line in lines for cell in line)
    assert {tuple(line[-2:]) for line in lines if line[-1] != "chosen"} == {
        ("mean", "24"),
        ("mean", "14"),
        ("max", "24"),
        ("max", "14"),
    }
    assert sum("mlp.hidden" in line for line in lines) in (2, 3)  # the chosen one stands twice


def test_the_plan_counts_every_pooling_and_point(
    swept: CountedRun, tmp_path: Path, model_folder: Path
) -> None:
    text = Corpus.read(swept.layout.corpus)
    one = make_run(tmp_path, model_folder, **POINTS[""])
    plan, plan_of_one = (plan_experiment(run.settings, text) for run in (swept, one))
    planned, of_one = ({item.name: item.n_bytes for item in found.stored} for found in (plan, plan_of_one))
    assert planned["responses"] == 2 * of_one["responses"]
    assert planned["responses"] == pytest.approx(measure_files(swept.layout.responses), rel=0.02)
    files = [*swept.layout.masks.rglob("*.safetensors"), *swept.layout.chosen.rglob("*.safetensors")]
    assert len(files) == 2 + 4 + 1
    in_masks = sum(array.nbytes for path in files for array in load_file(path).values())
    n_chosen = len(ExpertMask.load(swept.layout.chosen_mask("ja")))
    assert planned["masks"] == in_masks + 17 * (24 - n_chosen)  # the chosen one is planned at its largest
    (collected,) = (job.forward_tokens for job in plan.jobs if job.name == "collect")
    assert collected == swept.counts["collected"]
    assert plan.n_neurons == 3 * (32 + 48)
