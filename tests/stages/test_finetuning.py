"""The rival that trains, as the pipeline runs it: its numbers by hand, and what is not done twice."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from polysteer.config import load_experiments
from polysteer.corpus.corpus_table import Corpus
from polysteer.embeddings.translation_tuning import Tuning, tune_on_translations
from polysteer.layout import Layout
from polysteer.metrics.retrieval import retrieve_translations
from polysteer.models.loading import load_model
from polysteer.planning import plan_experiment
from polysteer.stages import embed, evaluate
from polysteer.stages.run import Run
from polysteer.store import build_database, query_database

WANTED = "{steps: 20, batch: 8, learning_rate: 0.002}"
LANGUAGES = ("de", "en", "ja")


@pytest.fixture(scope="module")
def run(finished: Path, tmp_path_factory) -> Run:
    folder = tmp_path_factory.mktemp("tuned")
    shutil.copytree(finished / "artifacts", folder / "artifacts")
    text = (finished / "experiments.yaml").read_text()
    (folder / "experiments.yaml").write_text(text.replace("controls: 3", f"controls: 3, finetune: {WANTED}"))
    settings = load_experiments(folder / "experiments.yaml").experiments["tiny"]
    run = Run("tiny", settings, Layout(folder / "artifacts").experiment("tiny"))
    assert "2 readings" in embed.perform(run)
    evaluate.perform(run)
    return run


def tune_by_hand(run: Run, corpus: Corpus):
    loaded = load_model(run.settings.model.id)
    by_language = {language: corpus.texts(language, "find") for language in LANGUAGES}
    rows = [dict(zip(LANGUAGES, texts, strict=True)) for texts in zip(*by_language.values(), strict=True)]
    tuning = Tuning(steps=20, batch=8, learning_rate=0.002, temperature=0.05)
    tune_on_translations(loaded, rows, tuning, layer="final", pool="mean", seed=0)
    return loaded


def test_the_tuned_model_s_numbers_are_transformers_own(run: Run) -> None:
    corpus = Corpus.read(run.layout.corpus)
    model, tokenizer = tune_by_hand(run, corpus)
    vectors, perplexity = {}, {}
    for language in LANGUAGES:
        rows, nll, n_tokens = [], 0.0, 0
        for text in corpus.texts(language, "test"):
            ids = tokenizer(text, return_tensors="pt")["input_ids"]
            with torch.no_grad():
                rows.append(model.model(input_ids=ids).last_hidden_state[0, 1:].float().mean(0).numpy())
                nll += model(input_ids=ids, labels=ids).loss.item() * (ids.shape[1] - 1)
            n_tokens += ids.shape[1] - 1
        vectors[language], perplexity[language] = np.stack(rows), np.exp(nll / n_tokens)
    database = run.layout.folder.parent / "metrics.duckdb"
    build_database([run.layout.metrics], database)
    sql = "SELECT metric, source, reference, value FROM results WHERE arm = 'contrastive'"
    found = {row[:3]: row[3] for row in query_database(database, sql).rows}
    assert found["top1", "*", "*"] == pytest.approx(
        retrieve_translations(vectors).hits().mean(), abs=2.5 / (6 * 16)
    )
    for language in LANGUAGES:
        assert found["perplexity", language, None] == pytest.approx(perplexity[language], rel=0.02)
    plain = "SELECT source, value FROM metrics WHERE arm = 'baseline' AND metric = 'perplexity'"
    ratio = {
        source: found["perplexity", source, None] / value
        for source, value in query_database(database, plain).rows
    }
    expected = np.exp(np.mean([np.log(ratio[language]) for language in LANGUAGES]))
    assert found["cost", "*", "*"] == pytest.approx(expected)


def test_it_is_done_once_and_comes_back_the_same(run: Run) -> None:
    assert "nothing to read" in embed.perform(run)
    paths = [run.layout.tuned(split) for split in ("dev", "test")]
    before = [path.read_bytes() for path in paths]
    paths[1].unlink()
    assert "2 readings" in embed.perform(run)
    assert [path.read_bytes() for path in paths] == before


def test_the_plan_counts_it(run: Run) -> None:
    """Every step there and back, as three readings of the longest sentences; then dev and test."""
    corpus, tokenizer = Corpus.read(run.layout.corpus), load_model(run.settings.model.id).tokenizer
    n_tokens = {
        split: [len(ids) for name in LANGUAGES for ids in tokenizer(corpus.texts(name, split))["input_ids"]]
        for split in ("find", "dev", "test")
    }
    plan = plan_experiment(run.settings, corpus)
    job = next(job for job in plan.jobs if job.name == "fine-tuning")
    trained = 3 * 20 * 2 * 8 * max(n_tokens["find"])
    assert job.forward_tokens == trained + sum(n_tokens["dev"]) + sum(n_tokens["test"])
    assert plan.memory.fine_tuning == 4 * 4 * plan.n_parameters
    assert plan.memory.total >= plan.memory.weights + plan.memory.fine_tuning
