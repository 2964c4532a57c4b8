"""Treebanks of two languages from CoNLL-U to `steer report`: word vectors and tag probes, checked by hand."""

import os
import random
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
import transformers
import typer
import yaml
from safetensors.numpy import load_file
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from typer.testing import CliRunner

from polysteer.builtin.model.tokenizer import train_tokenizer
from polysteer.cli import report
from polysteer.config import Experiment, Experiments
from polysteer.corpus.corpus_table import Corpus
from polysteer.layout import Layout
from polysteer.planning import plan_experiment
from polysteer.stages import corpus, embed, evaluate
from polysteer.stages.run import Run
from polysteer.stages.store import build_store
from polysteer.store import query_database
from support.tiny_models import save_states

WORDS = {
    "en": {"NOUN": ["boats", "cats", "kings"], "VERB": ["sank", "saw", "left"], "DET": ["the", "these"]},
    "fr": {"NOUN": ["bateaux", "chats", "rois"], "VERB": ["coulent", "voient"], "DET": ["les", "ces"]},
}
SHAPES = (("DET", "NOUN", "VERB"), ("DET", "NOUN", "VERB", "DET", "NOUN"))


def write_treebank(lang: str) -> str:
    """Now and then French has "aux": two words, neither of which stands in the text."""
    rng, blocks = random.Random(0), []
    for number in range(34):
        words = [(rng.choice(WORDS[lang][tag]), tag) for tag in SHAPES[rng.randrange(2)]]
        words.append((str(number), "NUM"))  # no sentence stands twice
        text, lines = " ".join(word for word, _ in words), list(words)
        if lang == "fr" and number % 3 == 0:
            text, lines = f"aux {text.split(maxsplit=1)[1]}", [("à", "ADP"), ("les", "DET"), *words[1:]]
        rows = [f"{i}\t{word}\t_\t{tag}\t_\t_\t{i - 1}\tdep\t_\t_" for i, (word, tag) in enumerate(lines, 1)]
        head = [f"# sent_id = {number}", f"# parallel_id = pud/{number:02}", f"# text = {text}"]
        blocks.append("\n".join([*head, *rows]) + "\n")
    return "\n".join(blocks)


@pytest.fixture(scope="module")
def states(tmp_path_factory):
    """Two random XLM-R, as two states of one training; words are split into several tokens."""
    tokenizer = train_tokenizer(["the cats saw les chats"], vocabulary=280)
    return save_states(tmp_path_factory.mktemp("states"), tokenizer, width=16)


@pytest.fixture(scope="module")
def treebanks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ud")
    for lang in WORDS:
        (folder / f"{lang}_pud-ud-test.conllu").write_text(write_treebank(lang) + "\n")
    return folder


def describe(states: Path, treebanks: Path, **embedding: object) -> dict[str, object]:
    checkpoints = [str(states / "early")]
    model = {"id": str(states / "done"), "dtype": "float32", "device": "cpu", "checkpoints": checkpoints}
    return {
        "model": model,
        "corpus": {"source": "conllu", "path": str(treebanks), "dev": 4, "test": 12},
        "targets": [],
        **{section: {} for section in ("collect", "rank", "steer")},
        "embed": {"words": 50, "token_budget": 90} | embedding,
        "evaluate": {"families": ["retrieval", "abx", "probes"], "resamples": 100},
    }


def make_run(folder: Path, settings: dict[str, object]) -> Run:
    return Run("tags", Experiment.model_validate(settings), Layout(folder / "artifacts").experiment("tags"))


@pytest.fixture(scope="module")
def project(tmp_path_factory, states, treebanks):
    folder = tmp_path_factory.mktemp("tags")
    settings = describe(states, treebanks)
    file = {"schema": 1, "experiments": {"tags": settings}}
    (folder / "experiments.yaml").write_text(yaml.safe_dump(file))
    for stage in (corpus, embed, evaluate):
        stage.perform(make_run(folder, settings))
    build_store(Experiments.model_validate(file), Layout(folder / "artifacts"))
    return folder


def find_file(project: Path, state: str, split: str, lang: str) -> Path:
    folder = project / "artifacts/tags/vectors"
    parent = folder / "baseline" if state == "done" else next((folder / "checkpoints").iterdir())
    return parent / f"{lang}.{split}.words.safetensors"


def place_words(row: dict) -> dict[int, tuple[int, int]]:
    """Where the words stand that are parts of the text between blanks: all but those of "aux"."""
    parts = row["text"].split()
    first = len(row["tokens"]) - len(parts)
    places, start = {}, 0
    for number, part in enumerate(parts):
        if part != "aux":
            places[number + first] = (start, start + len(part))
        start += len(part) + 1
    return places


@pytest.mark.parametrize("state", ["early", "done"])
@pytest.mark.parametrize("lang", ["en", "fr"])
def test_words_are_read_as_transformers_reads_them(project, states, state, lang):
    model = transformers.AutoModel.from_pretrained(states / state).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(states / state)
    rows = Corpus.read(project / "artifacts/tags/corpus").rows(lang, "test").to_pylist()
    stored = load_file(find_file(project, state, "test", lang))
    assert stored["vectors"].dtype == np.float16
    found = list(zip(stored["sentence"].tolist(), stored["word"].tolist(), strict=True))
    chosen = sorted(set(stored["sentence"].tolist()))
    assert found == [(row, word) for row in chosen for word in place_words(rows[row])]
    for number, (row, word) in enumerate(found):
        start, stop = place_words(rows[row])[word]
        assert rows[row]["text"][start:stop] == rows[row]["tokens"][word]
        encoded = tokenizer(rows[row]["text"], return_tensors="pt", return_offsets_mapping=True)
        own = [i for i, (a, b) in enumerate(encoded["offset_mapping"][0].tolist()) if a < stop and b > start]
        with torch.no_grad():
            hidden = model(input_ids=encoded["input_ids"], output_hidden_states=True).hidden_states
        by_hand = np.stack([states[0][own].mean(0).numpy() for states in (*hidden, hidden[-1])])
        np.testing.assert_allclose(stored["vectors"][:, number], by_hand, atol=4e-3)


@pytest.mark.parametrize("state", ["early", "done"])
@pytest.mark.parametrize(("number", "layer"), [(0, "0"), (1, "1"), (3, "final")])
def test_the_probe_is_scikit_learns(project, states, state, number, layer):
    text = Corpus.read(project / "artifacts/tags/corpus")

    def read(split, lang):
        stored, rows = load_file(find_file(project, state, split, lang)), text.rows(lang, split).to_pylist()
        tags = [rows[a]["upos"][b] for a, b in zip(stored["sentence"], stored["word"], strict=True)]
        return stored["vectors"][number].astype(float), tags

    def ask(metric, source):
        revision = "IS NULL" if state == "done" else f"= '{states / 'early'}'"
        sql = f"""SELECT value FROM metrics WHERE metric = '{metric}' AND layer = '{layer}'
            AND source = '{source}' AND revision {revision}"""
        return [value for (value,) in query_database(project / "artifacts/metrics.duckdb", sql).rows]

    find, test = ([read(split, lang) for lang in ("en", "fr")] for split in ("find", "test"))
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    known = [tag for _, tags in find for tag in tags]
    probe.fit(np.concatenate([vectors for vectors, _ in find]), known)
    hits = [probe.predict(vectors) == tags for vectors, tags in test]
    assert ask("probe_tag", "*") == pytest.approx([np.concatenate(hits).mean()])
    commonest = max(sorted(set(known)), key=known.count)
    assert ask("probe_tag_chance", "*") == pytest.approx(
        [np.mean([t == commonest for _, ts in test for t in ts])]
    )
    by_language = [ask("probe_tag", lang) for lang in ("en", "fr")]
    expected = [[pytest.approx(of.mean())] for of in hits]
    assert by_language == expected or (layer != "final" and by_language == [[], []])


def test_rank_correlations_with_abx_are_scipys(project):
    database = project / "artifacts/metrics.duckdb"
    for abx in ("abx_language", "abx_meaning"):
        points = query_database(
            database,
            f"""
            SELECT a.revision, a.value, p.value FROM metrics a JOIN metrics p
            ON a.layer = p.layer AND a.revision IS NOT DISTINCT FROM p.revision
            WHERE a.metric = '{abx}' AND p.metric = 'probe_tag' AND a.source = '*' AND p.source = '*'""",
        ).rows
        assert len(points) == 8
        for suffix, over in (("", [p for p in points if p[0] is None]), ("_over_checkpoints", points)):
            metric = f"{abx}_tag_rank_correlation{suffix}"
            sql = f"SELECT value, n FROM metrics WHERE metric = '{metric}' AND revision IS NULL"
            ((value, n),) = query_database(database, sql).rows
            assert value == pytest.approx(spearmanr([p[1] for p in over], [p[2] for p in over]).statistic)
            assert n == len(over)


def test_the_report_shows_the_probe_like_the_others(project):
    app = typer.Typer()
    app.command("report")(report.report)
    paths = ["-f", str(project / "experiments.yaml"), "-a", str(project / "artifacts")]
    out = CliRunner().invoke(app, ["--study", *paths], catch_exceptions=False, env={"COLUMNS": "200"}).stdout
    assert "tag probe (%) by layer and checkpoint" in out
    assert "language ABX and tag probe" in out
    assert "meaning ABX and tag probe" in out
    assert "and the tag of " in " ".join(out.split())


def test_a_second_run_reads_nothing_and_another_number_of_words_reads_those(states, treebanks, tmp_path):
    run = make_run(tmp_path, describe(states, treebanks))
    corpus.perform(run)
    assert embed.perform(run) == "1 checkpoints, 18 readings"
    assert "nothing to read" in embed.perform(run)
    fewer = make_run(tmp_path, describe(states, treebanks, words=20))
    assert embed.perform(fewer) == "1 checkpoints, 8 readings"
    for state, split, lang in (("early", "find", "fr"), ("done", "test", "en")):
        n_words = len(load_file(find_file(tmp_path, state, split, lang))["word"])
        assert 12 < n_words <= 20


def test_without_words_nothing_is_read_for_them(states, treebanks, tmp_path):
    run = make_run(tmp_path, describe(states, treebanks, words=0))
    corpus.perform(run)
    assert embed.perform(run) == "1 checkpoints, 10 readings"
    assert not list(run.layout.vectors.rglob("*.words.safetensors"))


def test_what_is_planned_is_what_is_stored(project, states, treebanks):
    settings = Experiment.model_validate(describe(states, treebanks))
    plan = plan_experiment(settings, Corpus.read(project / "artifacts/tags/corpus"))
    planned = {item.name: item.n_bytes for item in plan.stored}["word vectors"]
    files = list((project / "artifacts/tags/vectors").rglob("*.words.safetensors"))
    assert len(files) == 8
    stored = sum(sum(array.nbytes for array in load_file(file).values()) for file in files)
    assert 0.9 * planned < stored <= planned  # the words of "aux" have no vectors


def test_a_number_of_words_below_none_is_refused(states, treebanks):
    with pytest.raises(ValueError, match="greater than or equal to 0"):
        Experiment.model_validate(describe(states, treebanks, words=-1))


@pytest.mark.skipif("POLYSTEER_DATA" not in os.environ, reason="POLYSTEER_DATA is not set")
def test_parts_of_speech_are_read_off_the_built_in_model_on_real_treebanks(tmp_path):
    trees = Path(os.environ["POLYSTEER_DATA"]) / "ud"
    text = {"source": "conllu", "path": str(trees), "treebanks": ["pud"], "parallel": ["pud"]}
    text |= {"languages": ["en", "de", "fr"], "find": 60, "dev": 10, "test": 40}
    settings = describe(tmp_path, trees, words=500, token_budget=4096) | {"model": "builtin", "corpus": text}
    run = make_run(tmp_path, settings)
    for stage in (corpus, embed, evaluate):
        stage.perform(run)
    rows = pq.read_table(run.layout.metrics).to_pylist()
    value = {(row["metric"], row["layer"]): row["value"] for row in rows if row["source"] == "*"}
    for layer in ("0", "final"):
        assert 0.15 < value["probe_tag_chance", layer] < 0.35
        assert value["probe_tag", layer] > value["probe_tag_chance", layer] + 0.15
    for lang, share in (("en", 0.99), ("de", 0.95), ("fr", 0.93)):
        stored = load_file(run.layout.words("baseline", "find", lang))
        found = Corpus.read(run.layout.corpus).rows(lang, "find").to_pylist()
        n_words = sum(len(found[row]["tokens"]) for row in set(stored["sentence"].tolist()))
        assert share * n_words <= len(stored["word"]) <= n_words
