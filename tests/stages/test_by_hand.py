"""The pipeline's headline numbers, worked out again with transformers and plain loops."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.linalg import orthogonal_procrustes
from transformers import AutoModelForCausalLM, AutoTokenizer

from polysteer.arms import ARMS
from polysteer.arms.treated_masks import TreatedMasks
from polysteer.arms.treatment import Treatment
from polysteer.corpus.corpus_table import Corpus
from polysteer.masks.mask import ExpertMask
from polysteer.masks.permutation import hold_as, permute_numbers
from polysteer.ranking.experts import build_control
from polysteer.ranking.table import RankTable
from polysteer.store import query_database
from polysteer.trials.choices import load_choices
from polysteer.trials.encoded import StoredVectors
from support.reference import language_abx, meaning_abx

LANGUAGES = ("de", "en", "ja")


@pytest.fixture(scope="module")
def loaded(model_folder: Path):
    from polysteer.models.loading import load_model

    dtype = load_model(str(model_folder)).model.dtype
    model = AutoModelForCausalLM.from_pretrained(model_folder, dtype=dtype).eval()
    return model, AutoTokenizer.from_pretrained(model_folder)


def embed_by_hand(loaded, texts: list[str]) -> np.ndarray:
    """One text at a time: the mean of the last hidden states over all tokens but BOS."""
    model, tokenizer = loaded
    rows = []
    for text in texts:
        ids = tokenizer(text, return_tensors="pt")["input_ids"]
        with torch.no_grad():
            hidden = model.model(input_ids=ids).last_hidden_state[0]
        rows.append(hidden[ids[0] != tokenizer.bos_token_id].float().mean(0).numpy())
    return np.stack(rows)


def hits_by_hand(queries: np.ndarray, candidates: np.ndarray) -> list[bool]:
    """Every query, every candidate; a tie is not a hit."""
    hits = []
    for i, query in enumerate(queries):
        cosines = [query @ other / np.linalg.norm(query) / np.linalg.norm(other) for other in candidates]
        hits.append(all(cosines[i] > cosine for j, cosine in enumerate(cosines) if j != i))
    return hits


def top1_by_hand(vectors: dict[str, np.ndarray]) -> float:
    """Every ordered pair."""
    pairs = itertools.permutations(vectors, 2)
    return float(np.mean([hits_by_hand(vectors[source], vectors[reference]) for source, reference in pairs]))


def ask(finished: Path, sql: str) -> float:
    answer = query_database(finished / "artifacts" / "metrics.duckdb", sql).rows
    assert len(answer) == 1
    return float(answer[0][0])


def test_baseline_top1_equals_a_loop_over_transformers_own_output(finished: Path, loaded) -> None:
    corpus = Corpus.read(finished / "artifacts" / "tiny" / "corpus")
    vectors = {language: embed_by_hand(loaded, corpus.texts(language, "test")) for language in LANGUAGES}
    stored = ask(
        finished,
        "SELECT value FROM metrics WHERE arm = 'baseline' AND metric = 'top1' AND layer = 'final' "
        "AND split = 'test' AND source = '*' AND reference = '*'",
    )
    # Batches of another shape may round 16-bit products differently, and turn a query or two.
    assert stored == pytest.approx(top1_by_hand(vectors), abs=2.5 / (6 * 16))


def top1_under(loaded, finished: Path, holding) -> float:
    corpus = Corpus.read(finished / "artifacts" / "tiny" / "corpus")
    with holding:
        vectors = {language: embed_by_hand(loaded, corpus.texts(language, "test")) for language in LANGUAGES}
    return top1_by_hand(vectors)


@pytest.mark.parametrize("arm", ["mask", "permuted", "random_at_expert_values"])
def test_steered_top1_equals_edited_weights(finished: Path, loaded, held_by_hand, arm: str) -> None:
    mask = ExpertMask.load(finished / "artifacts/tiny/chosen/ja.safetensors")
    if arm == "permuted":
        mask = permute_numbers(mask, seed=0, draw=1)
    elif arm == "random_at_expert_values":
        table = RankTable.load(finished / "artifacts/tiny/masks/scores.safetensors")
        mask = hold_as(build_control(table, mask, seed=0, draw=1), mask, seed=0, draw=1)
    stored = ask(
        finished,
        "SELECT value FROM headline WHERE view = 'same_layer' AND target = 'ja' AND coalesce(draw, 1) = 1 "
        f"AND arm = '{arm}'",
    )
    assert stored == pytest.approx(
        top1_under(loaded, finished, held_by_hand(loaded[0], mask)), abs=2.5 / (6 * 16)
    )


def test_perplexity_equals_transformers_own_loss(finished: Path, loaded) -> None:
    model, tokenizer = loaded
    corpus = Corpus.read(finished / "artifacts" / "tiny" / "corpus")
    nll, n_tokens = 0.0, 0
    for text in corpus.texts("de", "test"):
        ids = tokenizer(text, return_tensors="pt")["input_ids"]
        with torch.no_grad():
            loss = model(input_ids=ids, labels=ids).loss.item()
        nll, n_tokens = nll + loss * (ids.shape[1] - 1), n_tokens + ids.shape[1] - 1
    stored = ask(
        finished,
        "SELECT value FROM metrics WHERE arm = 'baseline' AND metric = 'perplexity' AND source = 'de'",
    )
    assert stored == pytest.approx(float(np.exp(nll / n_tokens)), rel=0.01)


def read_vectors(finished: Path, condition: str, split: str) -> dict[str, np.ndarray]:
    """What stands on disk at the last layer."""
    folder = finished / "artifacts/tiny/vectors" / condition
    return {
        name: StoredVectors(folder / f"{name}.{split}.safetensors").at_layer("final") for name in LANGUAGES
    }


def ask_headline(finished: Path, arm: str, more: str = "true") -> float:
    sql = f"SELECT value FROM headline WHERE view = 'same_layer' AND arm = '{arm}' AND {more}"
    return ask(finished, sql)


def span_differences(find: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The mean of the languages' means, and an orthonormal basis of how they differ."""
    means = np.stack([find[name].astype(np.float64).mean(0) for name in LANGUAGES])
    centre = means.mean(0)
    return centre, np.linalg.svd(means - centre, full_matrices=False)[2][: len(LANGUAGES) - 1]


def test_erasing_equals_projecting_the_mean_differences_out(finished: Path) -> None:
    test = read_vectors(finished, "baseline", "test")
    centre, basis = span_differences(read_vectors(finished, "baseline", "find"))
    erased = {name: rows - (rows - centre) @ basis.T @ basis for name, rows in test.items()}
    assert ask_headline(finished, "erased") == pytest.approx(top1_by_hand(erased), abs=1e-9)


def test_a_random_subspace_is_as_large_and_stands_around_the_same_mean(finished: Path) -> None:
    test = read_vectors(finished, "baseline", "test")
    centre, basis = span_differences(read_vectors(finished, "baseline", "find"))
    normal = np.random.default_rng([0, 2]).normal(size=(basis.shape[1], len(basis)))
    random = np.linalg.qr(normal)[0].T
    kept = {name: rows - (rows - centre) @ random.T @ random for name, rows in test.items()}
    assert ask_headline(finished, "erased_at_random", "draw = 2") == pytest.approx(
        top1_by_hand(kept), abs=1e-9
    )


def test_procrustes_equals_scipys_rotations_of_each_ordered_pair(finished: Path) -> None:
    find, test = (read_vectors(finished, "baseline", split) for split in ("find", "test"))
    units = {name: rows / np.linalg.norm(rows, axis=1, keepdims=True) for name, rows in find.items()}
    hits = []
    for source, reference in itertools.permutations(LANGUAGES, 2):
        turned = test[source] @ orthogonal_procrustes(units[source], units[reference])[0]
        hits.append(hits_by_hand(turned, test[reference]))
    assert ask_headline(finished, "procrustes") == pytest.approx(np.mean(hits), abs=1e-9)


@pytest.mark.parametrize("name", ["mask_and_centred", "mask_and_erased"])
def test_what_is_fitted_under_the_mask_is_taken_away_under_the_mask(finished: Path, name: str) -> None:
    label = json.loads((finished / "artifacts/tiny/vectors/ja/choice.json").read_text())["same_layer"][
        "label"
    ]
    find, test = (read_vectors(finished, f"ja/{label}", split) for split in ("find", "test"))
    centre, basis = span_differences(find)
    if name == "mask_and_centred":
        moved = {lang: rows - find[lang].astype(np.float64).mean(0) for lang, rows in test.items()}
    else:
        moved = {lang: rows - (rows - centre) @ basis.T @ basis for lang, rows in test.items()}
    assert ask_headline(finished, name, "target = 'ja'") == pytest.approx(top1_by_hand(moved), abs=1e-9)
    costs = (
        "SELECT DISTINCT value FROM results WHERE view = 'same_layer' AND metric = 'cost' AND target = 'ja' "
    )
    assert ask(finished, costs + f"AND arm IN ('mask', '{name}')") > 0  # one cost, the mask's own


def test_another_targets_mask_is_seen_from_this_target(finished: Path) -> None:
    """Targets are de and ja: to de, the mask of ja is draw 1."""
    label = json.loads((finished / "artifacts/tiny/vectors/ja/choice.json").read_text())["same_layer"][
        "label"
    ]
    test = read_vectors(finished, f"ja/{label}", "test")
    into = np.mean([hits_by_hand(test[name], test["de"]) for name in ("en", "ja")])
    rows = "SELECT value FROM results WHERE arm = 'other_masks' AND target = 'de' AND draw = 1 "
    assert ask(finished, rows + "AND source = '*' AND reference = 'de'") == pytest.approx(into, abs=1e-9)
    assert ask_headline(finished, "other_masks", "target = 'de'") == pytest.approx(
        top1_by_hand(test), abs=1e-9
    )


def test_abx_under_a_mask_equals_a_loop_over_all_triples(finished: Path) -> None:
    choice = load_choices(finished / "artifacts/tiny/vectors/ja/choice.json").same_layer
    folder = finished / "artifacts/tiny/vectors/ja" / choice.label
    read = {name: StoredVectors(folder / f"{name}.test.safetensors").at_layer("final") for name in LANGUAGES}
    for metric, loop in (("abx_language", language_abx), ("abx_meaning", meaning_abx)):
        stored = ask(
            finished,
            f"""SELECT value FROM results WHERE view = 'same_layer' AND target = 'ja' AND arm = 'mask'
                AND metric = '{metric}' AND source = 'en' AND reference = 'de'""",
        )
        assert stored == pytest.approx(np.mean(list(loop(read["en"], read["de"]).values())))


def test_a_larger_pool_and_csls_equal_loops_over_the_stored_vectors(finished: Path) -> None:
    """The baseline at the last layer: among the sentences of find too, and by CSLS with four neighbours."""
    folder = finished / "artifacts/tiny/vectors/baseline"
    find, test = (
        {name: StoredVectors(folder / f"{name}.{split}.safetensors").at_layer("final") for name in LANGUAGES}
        for split in ("find", "test")
    )
    units = {
        name: rows.astype(np.float64) / np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
        for name, rows in ((name, np.concatenate([test[name], find[name]])) for name in LANGUAGES)
    }
    pooled, csls = [], []
    for source, reference in itertools.permutations(LANGUAGES, 2):
        cosines = units[source][:16] @ units[reference].T
        pooled += [(np.delete(row, i) < row[i]).all() for i, row in enumerate(cosines)]
        small = cosines[:, :16]
        scores = (
            2 * small
            - np.sort(small, axis=1)[:, -4:].mean(1)[:, None]
            - np.sort(small, axis=0)[-4:].mean(0)[None]
        )
        csls += [(np.delete(row, i) < row[i]).all() for i, row in enumerate(scores)]
    of_all = "FROM metrics WHERE arm = 'baseline' AND layer = 'final' AND source = '*' AND reference = '*'"
    assert ask(finished, f"SELECT value {of_all} AND metric = 'top1_pool'") == pytest.approx(np.mean(pooled))
    assert ask(finished, f"SELECT candidates {of_all} AND metric = 'top1_pool'") == 16 + 40
    assert ask(finished, f"SELECT value {of_all} AND metric = 'csls_top1'") == pytest.approx(np.mean(csls))


def test_every_condition_has_its_larger_pool_and_its_mining_scores(finished: Path) -> None:
    rows = query_database(
        finished / "artifacts" / "metrics.duckdb",
        "SELECT arm, list(DISTINCT metric ORDER BY metric) FROM results WHERE metric IN "
        "('top1_pool', 'csls_top1', 'margin_top1', 'xsim_error', 'bitext_accuracy', 'bitext_f1') "
        "GROUP BY arm",
    ).rows
    found = {arm: list(metrics) for arm, metrics in rows}
    assert found.pop("surface") == ["top1_pool"]
    with_vectors = {arm.key for arm in ARMS if isinstance(arm, Treatment | TreatedMasks)}
    assert found.keys() == with_vectors | {"baseline", "mask", "mean_difference", "erased_at_random"}
    everything = ["bitext_accuracy", "bitext_f1", "csls_top1", "margin_top1", "top1_pool", "xsim_error"]
    assert all(metrics == everything for metrics in found.values())
    n_pairs = ask(
        finished,
        "SELECT count(*) FROM metrics WHERE metric = 'margin_top1' AND arm = 'baseline' "
        "AND layer = 'final' AND source <> '*'",
    )
    assert n_pairs == 6
