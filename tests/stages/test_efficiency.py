"""Experts from fewer sentences: worked out again from the stored responses, and read no more than once."""

import itertools
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from polysteer.cli.folding import Folded
from polysteer.config import load_experiments
from polysteer.errors import ConfigError
from polysteer.layout import Layout
from polysteer.ranking.scores import score_neurons
from polysteer.report import summarize
from polysteer.report.views.headline import grid_efficiency
from polysteer.responses.store import ResponseStore
from polysteer.stages import embed, evaluate
from polysteer.stages.run import Run
from polysteer.store import build_database, query_database

LANGUAGES = ("de", "en", "ja")


def make_run(finished: Path, folder: Path, wanted: str) -> Run:
    """The finished experiment, asked for more."""
    shutil.copytree(finished / "artifacts", folder / "artifacts")
    file = folder / "experiments.yaml"
    file.write_text(
        (finished / "experiments.yaml")
        .read_text()
        .replace("controls: 3", f"controls: 3, efficiency: {wanted}")
    )
    layout = Layout(folder / "artifacts").experiment("tiny")
    return Run("tiny", load_experiments(file).experiments["tiny"], layout)


@pytest.fixture(scope="module")
def run(finished: Path, tmp_path_factory) -> Run:
    run = make_run(finished, tmp_path_factory.mktemp("fewer"), "{sentences: [10, 40], seeds: 3}")
    assert "8 readings" in embed.perform(run)  # three draws and one, for two targets
    evaluate.perform(run)
    return run


@pytest.fixture(scope="module")
def database(run: Run) -> Path:
    path = run.layout.folder.parent / "metrics.duckdb"
    build_database([run.layout.metrics], path)
    return path


def score_by_hand(run: Run, rows: np.ndarray) -> np.ndarray:
    """Average precision [language, neuron] on these sentences of each language."""
    store = ResponseStore(run.layout.responses, LANGUAGES)
    chunk = store.read_neurons(0, store.neurons.n_neurons).by_language
    pooled = np.concatenate([chunk[name].pooled[:, rows] for name in LANGUAGES], axis=1)
    return score_neurons(pooled, np.repeat([0, 1, 2], len(rows)), n_languages=3)["ap"].astype(np.float32)


def choose_by_hand(run: Run, target: str, scores: np.ndarray) -> set[int]:
    """The experts of the configuration that dev picked; of equals the first."""
    label = json.loads(run.layout.choice(target).read_text())["same_layer"]["label"]
    candidate = next(one for one in run.settings.candidates() if one.label == label)
    k = int(candidate.k) if candidate.k >= 1 else round(candidate.k * scores.shape[1])
    best = [set(np.argsort(-own, kind="stable")[:k].tolist()) for own in scores]
    return set.union(*best) if candidate.experts == "union" else best[LANGUAGES.index(target)]


@pytest.mark.parametrize("target", ["de", "ja"])
def test_agreement_is_that_of_masks_made_by_hand(run: Run, database: Path, target: str) -> None:
    orders = [np.random.default_rng([0, draw]).permutation(40) for draw in range(3)]
    scores = [score_by_hand(run, rows[:10]) for rows in orders]
    experts = [choose_by_hand(run, target, found) for found in scores]
    sql = "SELECT value FROM metrics WHERE metric = $metric AND target = $target AND n = $n ORDER BY draw"

    def ask(metric: str, n: int) -> list[float]:
        return query_database(database, sql, {"metric": metric, "target": target, "n": n}).column("value")

    jaccard = {(a, b): len(experts[a] & experts[b]) / len(experts[a] | experts[b]) for a, b in PAIRS}
    expected = [np.mean([jaccard[pair] for pair in PAIRS if draw in pair]) for draw in range(3)]
    np.testing.assert_allclose(ask("expert_jaccard", 10), expected)
    halves = [choose_by_hand(run, target, score_by_hand(run, half)) for half in np.split(orders[1], 2)]
    overlap = len(halves[0] & halves[1]) / len(halves[0] | halves[1])
    assert ask("expert_jaccard_halves", 20)[1] == pytest.approx(overlap)
    assert len(ask("score_correlation", 10)) == 3
    assert ask("expert_jaccard", 40) == []  # all of the sentences can be drawn in one way


PAIRS = list(itertools.combinations(range(3), 2))


def test_all_sentences_find_the_chosen_mask_again(database: Path) -> None:
    sql = """
        SELECT f.target, f.value, h.value FROM metrics f
        JOIN headline h ON f.target = h.target AND h.arm = 'mask' AND h.view = 'same_layer'
        WHERE f.metric = 'top1_from_sentences' AND f.n = 40"""
    rows = query_database(database, sql).rows
    assert len(rows) == 2
    for _, found, steered in rows:  # the chosen mask's vectors were stored in 16 bits, and may turn a query
        assert found == pytest.approx(steered, abs=2.5 / (6 * 16))


def test_nothing_is_read_twice_and_lost_files_come_back_the_same(run: Run) -> None:
    assert "nothing to read" in embed.perform(run)
    folder = run.layout.fewer_sentences("ja", 10, 0).parent
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / "10-001.safetensors").unlink()
    (folder / "halves.json").write_text("{}")
    assert "1 readings" in embed.perform(run)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_the_report_shows_them_in_80_columns(database: Path) -> None:
    [headline] = summarize(database, experiment="tiny", target="ja")
    console = Console(width=80, color_system=None)
    with console.capture() as capture:
        console.print(Folded(grid_efficiency(headline)))
    table = capture.get().split("Experts from fewer sentences")[1]
    assert [
        line.split()[0] for line in table.splitlines() if line.split()[:1] in (["10"], ["40"], ["20"])
    ] == [
        "10",
        "40",
        "20",
    ]
    assert max(map(len, table.splitlines())) <= 80


def test_more_sentences_than_there_are_are_refused_before_anything_is_read(
    finished: Path, tmp_path: Path
) -> None:
    run = make_run(finished, tmp_path, "{sentences: [10, 41]}")
    with pytest.raises(ConfigError, match="asks for 41 sentences per language and `find` has 40"):
        embed.perform(run)
