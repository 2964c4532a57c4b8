"""Layers and checkpoints of an encoder, without a target: from text to `steer report`, checked by hand."""

import shutil
import weakref
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
import typer
import yaml
from scipy.stats import spearmanr
from typer.testing import CliRunner

from polysteer.builtin.grammar import generate
from polysteer.builtin.model.tokenizer import train_tokenizer
from polysteer.cli import report
from polysteer.config import Experiment, Experiments
from polysteer.corpus.corpus_table import Corpus
from polysteer.errors import ModelError
from polysteer.layout import Layout
from polysteer.stages import collect, corpus, embed, evaluate, rank
from polysteer.stages import settings as settings_stage
from polysteer.stages.run import Run
from polysteer.stages.store import build_store
from polysteer.store import query_database
from polysteer.trials.encoded import StoredVectors
from support.reference import language_abx, meaning_abx
from support.tiny_models import save_states

ROOT = Path(__file__).parents[2]
STAGES = (settings_stage, corpus, collect, rank, embed, evaluate)
LANGUAGES = ("de", "en", "ja")


@pytest.fixture(scope="module")
def states(tmp_path_factory):
    """Two random XLM-R of two blocks, as two states of one training."""
    rows = generate(languages=LANGUAGES, sizes={"find": 60}, seed=1)
    tokenizer = train_tokenizer([row.sentence.text for row in rows], vocabulary=400)
    return save_states(tmp_path_factory.mktemp("states"), tokenizer, width=24)


def describe(states: Path) -> dict[str, object]:
    checkpoints = [str(states / "early"), {"id": str(states / "done")}]
    return {
        "model": {
            "id": str(states / "done"),
            "dtype": "float32",
            "device": "cpu",
            "checkpoints": checkpoints,
        },
        "corpus": {"source": "builtin", "languages": list(LANGUAGES), "find": 30, "dev": 6, "test": 14},
        "targets": [],
        "collect": {},
        "rank": {},
        "steer": {},
        "embed": {},
        "evaluate": {"resamples": 100},
    }


def make_run(folder: Path, states: Path, kind: type[Run] = Run) -> Run:
    settings = Experiment.model_validate(describe(states))
    return kind("study", settings, Layout(folder / "artifacts").experiment("study"))


@pytest.fixture(scope="module")
def project(tmp_path_factory, states):
    folder = tmp_path_factory.mktemp("study")
    file = {"schema": 1, "experiments": {"study": describe(states)}}
    (folder / "experiments.yaml").write_text(yaml.safe_dump(file))
    for stage in STAGES:
        stage.perform(make_run(folder, states))
    build_store(Experiments.model_validate(file), Layout(folder / "artifacts"))
    return folder


@pytest.fixture
def ask(project):
    def query(sql: str) -> list[tuple]:
        return query_database(project / "artifacts" / "metrics.duckdb", sql).rows

    return query


def read(project: Path, condition: str, split: str, layer: str) -> dict[str, np.ndarray]:
    folder = project / "artifacts" / "study" / "vectors" / condition
    return {name: StoredVectors(folder / f"{name}.{split}.safetensors").at_layer(layer) for name in LANGUAGES}


def find_folder(project: Path) -> str:
    """The one checkpoint that is not the model itself."""
    found = [path.name for path in (project / "artifacts/study/vectors/checkpoints").iterdir()]
    assert len(found) == 1
    return f"checkpoints/{found[0]}"


def test_a_checkpoint_is_read_as_transformers_reads_it(project, states):
    vectors = read(project, find_folder(project), "test", "final")
    model = transformers.AutoModel.from_pretrained(states / "early").eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(states / "early")
    texts = Corpus.read(project / "artifacts" / "study" / "corpus").texts("ja", "test")
    for text, vector in zip(texts, vectors["ja"], strict=True):
        ids = tokenizer(text, return_tensors="pt")["input_ids"]
        with torch.no_grad():
            hidden = model(input_ids=ids).last_hidden_state[0]
        real = ~torch.isin(ids[0], torch.tensor(tokenizer.all_special_ids))
        np.testing.assert_allclose(vector, hidden[real].mean(0).numpy(), atol=4e-3)


@pytest.mark.parametrize("layer", ["0", "1", "final"])
def test_abx_of_every_state_equals_a_loop_over_all_triples(project, states, ask, layer):
    loops = {"abx_language": language_abx, "abx_meaning": meaning_abx}
    for condition, revision in ((find_folder(project), f"= '{states / 'early'}'"), ("baseline", "IS NULL")):
        vectors = read(project, condition, "test", layer)
        for metric, loop in loops.items():
            by_pair = {
                (a, b): np.mean(list(loop(vectors[a], vectors[b]).values()))
                for a in LANGUAGES
                for b in LANGUAGES
                if a != b
            }
            where = f"metric = '{metric}' AND layer = '{layer}' AND revision {revision}"
            stored = ask(f"SELECT value, ci_low, ci_high, n FROM metrics WHERE {where} AND source = '*'")
            assert stored[0][0] == pytest.approx(np.mean(list(by_pair.values())))
            assert 0 <= stored[0][1] <= stored[0][0] <= stored[0][2] <= 1
            assert stored[0][3] == 14
            if layer == "final":
                pairs = ask(f"SELECT source, reference, value FROM metrics WHERE {where} AND source <> '*'")
                assert {(a, b): value for a, b, value in pairs} == pytest.approx(by_pair)


def test_rank_correlations_are_scipys_over_layers_and_over_both_states(ask):
    points = ask("""
        SELECT a.revision, a.layer, a.value, p.value FROM metrics a JOIN metrics p
        ON a.layer = p.layer AND a.revision IS NOT DISTINCT FROM p.revision
        WHERE a.metric = 'abx_meaning' AND p.metric = 'probe_topic' AND a.source = '*' AND p.source = '*'""")
    assert len(points) == 8
    own = [point for point in points if point[0] is None]
    for metric, over in (("", own), ("_over_checkpoints", points)):
        (stored,) = ask(f"""
            SELECT value, n FROM metrics
            WHERE metric = 'abx_meaning_rank_correlation{metric}' AND revision IS NULL""")
        assert stored[0] == pytest.approx(spearmanr([p[2] for p in over], [p[3] for p in over]).statistic)
        assert stored[1] == len(over)


def test_every_family_has_a_row_for_every_layer_of_every_state(ask):
    metrics = ask("SELECT metric, count(*) FROM metrics WHERE source = '*' AND layer IS NOT NULL GROUP BY 1")
    by_layer = dict(metrics)
    for metric in (
        *("top1", "abx_language", "abx_meaning", "probe_language", "probe_topic", "probe_topic_chance"),
        *("centroid_distance", "centroid_distance_relative", "cka", "mexa", "isoscore", "silhouette"),
        *("nearest_centroid", "explained_variance"),
    ):
        rivals = {"top1": by_layer["top1"] - 8}.get(
            metric, 0
        )  # centring and erasing have a curve of top1 too
        assert by_layer[metric] - rivals == 8, metric


def run_report(project: Path, *arguments: str) -> str:
    app = typer.Typer()
    app.command("report")(report.report)
    paths = ("-f", str(project / "experiments.yaml"), "-a", str(project / "artifacts"))
    done = CliRunner().invoke(app, [*arguments, *paths], catch_exceptions=False, env={"COLUMNS": "80"})
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.parametrize("arguments", [(), ("--experiment", "study"), ("--study",)])
def test_the_report_shows_layers_and_checkpoints(project, ask, arguments):
    out = run_report(project, *arguments)
    lines = [line.split() for line in out.splitlines()]
    values = ask("""
        SELECT round(100 * value, 1) FROM metrics WHERE metric = 'abx_meaning' AND layer = 'final'
        AND source = '*' ORDER BY revision NULLS LAST""")
    assert ["final", *(f"{value:.1f}" for (value,) in values)] in lines
    assert "meaning ABX and topic probe" in out
    assert max(map(len, out.splitlines())) <= 80 or "early" in out  # a long folder's name may be wider


def test_scripts_get_the_study_too(project):
    assert '"view": "study"' in run_report(project, "--study", "--format", "json")
    assert run_report(project, "--format", "csv").startswith("experiment,revision,metric,layer,value")
    assert "| layer |" in run_report(project, "--format", "markdown")


def test_a_second_run_reads_nothing_and_a_changed_checkpoint_alone(states, tmp_path):
    shutil.copytree(states, tmp_path / "states")
    run = make_run(tmp_path, tmp_path / "states")
    corpus.perform(run)
    assert embed.perform(run) == "1 checkpoints, 15 readings"
    assert "nothing to read" in embed.perform(make_run(tmp_path, tmp_path / "states"))
    model = transformers.AutoModelForMaskedLM.from_pretrained(states / "early")
    model.roberta.embeddings.word_embeddings.weight.data += 0.1
    model.save_pretrained(tmp_path / "states" / "early")
    assert embed.perform(make_run(tmp_path, tmp_path / "states")) == "1 checkpoints, 6 readings"


def test_a_second_run_needs_no_model_and_no_checkpoint(project, list_imported):
    assert "torch" not in list_imported(project, "embed")


class WatchedRun(Run):
    """Notes whether an earlier model still lives when the next one is loaded."""

    def _load(self, model):
        object.__setattr__(self, "n_alive", [*self.n_alive, sum(ref() is not None for ref in self.loaded)])
        found = super()._load(model)
        self.loaded.append(weakref.ref(found.model))
        return found


def test_no_two_models_are_in_memory_at_once(states, tmp_path):
    run = make_run(tmp_path, states, WatchedRun)
    object.__setattr__(run, "loaded", [])
    object.__setattr__(run, "n_alive", [])
    corpus.perform(run)
    embed.perform(run)
    assert run.n_alive == [0, 0]


def test_every_folder_that_the_pipeline_expects_is_there(project):
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    for stage in stages.values():
        for out in stage.get("do", stage)["outs"]:
            path = next(iter(out)) if isinstance(out, dict) else out
            assert (project / path.replace("${key}", "study")).exists(), path


def test_a_revision_that_is_not_there_is_refused_before_anything_is_read(states, tmp_path):
    settings = describe(states)
    for model, message in (
        ({"id": "builtin", "checkpoints": ["step-7"]}, "choose one of step-150, step-450, step-1200, main"),
        (settings["model"] | {"checkpoints": ["early"]}, "no revision 'early'; name the folder .* early"),
        (settings["model"] | {"checkpoints": ["./nowhere/step-1"]}, "there is no folder"),
    ):
        experiment = Experiment.model_validate(settings | {"model": model})
        run = Run("study", experiment, Layout(tmp_path / "artifacts").experiment("study"))
        corpus.perform(run)
        with pytest.raises(ModelError, match=message):
            embed.perform(run)
        assert not run.layout.vectors.exists()
