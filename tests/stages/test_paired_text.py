"""A whole experiment on text that pairs each language with English only, after experts from another text."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from polysteer.arms import ARMS
from polysteer.builtin.grammar import generate
from polysteer.config import Experiments, load_experiments
from polysteer.corpus.corpus_table import Corpus
from polysteer.grid import Grid
from polysteer.layout import Layout
from polysteer.report import Question, summarize
from polysteer.report.sentences import list_sentences
from polysteer.report.views.pairs import show_pairs
from polysteer.stages import collect, corpus, embed, evaluate, rank
from polysteer.stages.run import Run
from polysteer.stages.store import build_store
from polysteer.store import query_database
from polysteer.trials.encoded import StoredVectors

EXPERIMENTS = """\
schema: 1
experiments:
  paired:
    model: {model}
    corpus:
      source: joined
      languages: [en, deu, ja]
      find: {{source: builtin, size: 25}}
      dev: {{source: tatoeba, path: {folder}, size: 5}}
      test: {{source: tatoeba, path: {folder}}}
    targets: [deu, en]
    collect: {{sites: mlp.hidden}}
    rank: {{k: 0.1, value: token_mean}}
    steer: {{}}
    embed: {{}}
    evaluate: {{controls: 2, resamples: 200, distractors: true, choose: {{cost_at_most: 5, cost_texts: 3}}}}
"""
SIZES = {"de": 25, "ja": 14}  # of which 5 are for dev
CODES = {"de": "deu", "ja": "jpn"}


def write_pairs(folder: Path) -> None:
    """Each other language with English sentences of its own."""
    folder.mkdir()
    for seed, (lang, size) in enumerate(SIZES.items(), start=5):
        texts: dict[str, list[str]] = {lang: [], "en": []}
        for row in generate(languages=[lang, "en"], sizes={"test": size}, seed=seed):
            texts[row.lang].append(row.sentence.text)
        for side, code in ((lang, CODES[lang]), ("en", "eng")):
            path = folder / f"tatoeba.{CODES[lang]}-eng.{code}"
            path.write_text("".join(f"{line}\n" for line in texts[side]))


@pytest.fixture(scope="module")
def paired(tmp_path_factory: pytest.TempPathFactory, model_folder: Path) -> tuple[Path, Experiments]:
    folder = tmp_path_factory.mktemp("paired")
    write_pairs(folder / "tatoeba")
    path = folder / "experiments.yaml"
    path.write_text(EXPERIMENTS.format(model=model_folder, folder=folder / "tatoeba"))
    experiments, layout = load_experiments(path), Layout(folder / "artifacts")
    run = Run("paired", experiments.experiments["paired"], layout.experiment("paired"))
    for stage in (corpus, collect, rank, embed, evaluate):
        stage.perform(run)
    build_store(experiments, layout)
    return folder / "artifacts", experiments


def read_rows(artifacts: Path, what: str) -> list[tuple]:
    return query_database(artifacts / "metrics.duckdb", what).rows


def test_what_is_compared_is_said_with_the_text(paired, tmp_path: Path) -> None:
    _, experiments = paired
    run = Run("paired", experiments.experiments["paired"], Layout(tmp_path).experiment("paired"))
    assert "dev and test: 2 of 3 pairs of languages are compared (de-en, en-ja), those" in corpus.perform(run)


def test_hits_equal_a_loop_over_the_pairs_of_each_file(paired) -> None:
    artifacts, _ = paired
    text = Corpus.read(artifacts / "paired" / "corpus")
    vectors = {
        lang: StoredVectors(artifacts / f"paired/vectors/baseline/{lang}.test.safetensors").at_layer("final")
        for lang in text.languages
    }
    expected = {}
    for source, wanted in itertools.permutations(text.languages, 2):
        ids = text.pair_ids(source, wanted, "test")
        rows = {
            lang: np.stack([vectors[lang][text.ids("test", lang).index(id_)] for id_ in ids]).astype(float)
            for lang in (source, wanted)
            if ids
        }
        hits = []
        for i in range(len(ids)):
            a, b = rows[source][i], rows[wanted]
            cosines = b @ a / np.linalg.norm(a) / np.linalg.norm(b, axis=1)
            hits.append(all(cosines[i] > other for j, other in enumerate(cosines) if j != i))
        if ids:
            expected[source, wanted] = np.mean(hits)
    found = read_rows(
        artifacts,
        "SELECT source, reference, value, candidates, n FROM metrics WHERE arm = 'baseline' "
        "AND metric = 'top1' AND split = 'test' AND layer = 'final'",
    )
    named = {"deu": "de"}
    by_pair = {(named.get(a, a), named.get(b, b)): rest for a, b, *rest in found}
    assert set(expected) == {("de", "en"), ("en", "de"), ("ja", "en"), ("en", "ja")}
    for pair, top1 in expected.items():
        value, candidates, _ = by_pair[pair]
        assert value == pytest.approx(top1)
        assert candidates == SIZES[next(lang for lang in pair if lang != "en")] - 5
    mean, candidates, _ = by_pair["*", "*"]
    assert mean == pytest.approx(np.mean(list(expected.values())))
    assert candidates is None
    assert ("de", "ja") not in by_pair
    assert ("!en", "!en") not in by_pair
    assert by_pair["en", "*"][0] == pytest.approx(np.mean([expected["en", "de"], expected["en", "ja"]]))
    assert by_pair["*", "de"][0] == pytest.approx(expected["en", "de"])
    assert by_pair["!deu", "!deu"][0] == pytest.approx(np.mean([expected["en", "ja"], expected["ja", "en"]]))


def test_everything_else_is_there_and_the_report_says_so(paired) -> None:
    artifacts, _ = paired
    kinds = {kind for (kind,) in read_rows(artifacts, "SELECT DISTINCT arm FROM headline")}
    not_asked_for = {"erase", "random_subspace", "contrastive"}
    of_others = {"checkpoints", "fewer_sentences"}
    assert kinds == {arm.key for arm in ARMS} - not_asked_for - of_others
    [(n_missing,)] = read_rows(
        artifacts, "SELECT count(*) FROM metrics WHERE ci_low > value OR ci_high < value OR isnan(value)"
    )
    assert n_missing == 0
    [(cosine, gap)] = read_rows(
        artifacts,
        "SELECT max(value) FILTER (metric = 'pair_cosine'), max(value) FILTER (metric = 'cosine_gap') "
        "FROM results WHERE arm = 'baseline' AND view = 'same_layer'",
    )
    assert 0 < abs(gap) < cosine <= 1
    plain = dict(
        read_rows(
            artifacts,
            "SELECT metric, value FROM results WHERE arm = 'baseline' AND view = 'same_layer' "
            "AND source = '*' AND reference = '*'",
        )
    )
    assert plain["top1_pool"] <= plain["top1"] <= plain["top5"]
    assert {"csls_top1", "margin_top1", "xsim_error", "bitext_accuracy", "bitext_f1"} <= set(plain)
    told = [list_sentences(one)[0] for one in summarize(artifacts / "metrics.duckdb", experiment="paired")]
    assert "among the sentences of each pair" in told[0]
    asked = Question(database=artifacts / "metrics.duckdb", experiments=("paired",), target="deu")
    matrix = show_pairs(asked).parts[1]
    assert isinstance(matrix, Grid)
    assert "candidates" not in matrix.title
    assert [row[0] for row in matrix.rows] == ["deu", "en", "ja", "mean"]
