"""Bitext mining's scores beside loops, LASER's definition, MTEB, scikit-learn and tables by hand."""

import importlib.util
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import accuracy_score, f1_score

from polysteer.errors import NumericError
from polysteer.metrics import LanguagePair, mine_bitext, neighbours, retrieve_translations

_spec = importlib.util.spec_from_file_location(
    "reference_metrics", Path(__file__).with_name("reference_metrics.py")
)
reference = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reference)


def test_a_hub_by_hand():
    """Both queries are as near to the hub as to anything; set against its neighbours it is no rival."""
    x = np.array([[1, 0, 0], [0, 1, 0]], dtype=np.float32)
    y = np.array([[0.6, 0, 0.8], [0.6, 0.8, 0]], dtype=np.float32)
    found = mine_bitext({"x": x, "y": y}, k=1)
    # Cosines .6 .6 / 0 .8, so r(x) = .6, .8 and r(y) = .6, .8.
    # CSLS 0 -.2 / -1.4 0; ratio margin .6/.6 .6/.7 / 0 .8/.8: all found, both ways.
    assert found.csls.ranks.tolist() == [[1, 1], [1, 1]]
    assert found.margin.ranks.tolist() == [[1, 1], [1, 1]]
    assert not found.xsim_errors.any()
    # By cosine the first query ties, which is no hit: both find the hub, of precision 1/2 and recall 1.
    assert found.nearest.tolist() == [[1, 1], [0, 1]]
    assert found.correct().tolist() == [[False, True], [True, True]]
    assert found.f1().tolist() == [[0, 2 / 3], [1, 1]]


def test_xsim_looks_at_the_nearest_alone():
    """The translation has the best ratio margin of all, and is only second nearest: .566 to the hub's .6."""
    x = np.array([[1, 0, 0], [0, 1, 0]], dtype=np.float32)
    y = np.array([[0.55, 0, 0.8], [0.6, 0.8, 0]], dtype=np.float32)
    # With k = 1 the margins of the first query:
    # .566 / ((.6 + .566) / 2) = .97 and .6 / ((.6 + .8) / 2) = .86.
    at = {k: mine_bitext({"x": x, "y": y}, k=k) for k in (1, 2)}
    assert at[1].margin.ranks[0].tolist() == [1, 1]
    assert at[1].xsim_errors[0].tolist() == [True, False]
    assert at[2].xsim_errors[0].tolist() == [False, False]


@pytest.mark.parametrize("k", [1, 4, 10])
def test_every_score_equals_a_loop_for_every_ordered_pair(vectors, k):
    vectors = {language: rows[:40] for language, rows in vectors.items()}
    found = mine_bitext(vectors, k=k)
    everything = np.ones(40, dtype=bool)
    for i, (source, target) in enumerate(found.csls.pairs):
        cosines, csls, margin = reference.corrected_scores(vectors[source], vectors[target], k)
        assert found.csls.ranks[i].tolist() == reference.ranks_by_score(csls, everything)
        assert found.margin.ranks[i].tolist() == reference.ranks_by_score(margin, everything)
        assert found.xsim_errors[i].tolist() == reference.laser_errors(cosines, margin, k)
        assert found.nearest[i].tolist() == cosines.argmax(axis=1).tolist()
    assert found.csls.n_candidates == found.margin.n_candidates == 40
    assert 0.1 < found.xsim_errors.mean() < 0.9
    assert (found.csls.ranks != found.margin.ranks).any()


def test_f1_and_accuracy_equal_scikit_learn(vectors):
    found = mine_bitext(vectors)
    labels = np.arange(60)
    for nearest, correct, f1 in zip(found.nearest, found.correct(), found.f1(), strict=True):
        assert correct.mean() == accuracy_score(labels, nearest)
        expected = f1_score(labels, nearest, average="weighted", zero_division=0)
        assert f1.mean() == pytest.approx(expected, abs=1e-12)
    assert (found.correct() == retrieve_translations(vectors).hits()).all()


def test_f1_and_accuracy_equal_mteb(vectors):
    pytest.importorskip("mteb")
    from mteb._evaluators.text.bitext_mining_evaluator import BitextMiningEvaluator
    from mteb.abstasks.text.bitext_mining import AbsTaskBitextMining
    from mteb.similarity_functions import cos_sim

    class Cosine:
        similarity = staticmethod(cos_sim)

    found = mine_bitext(vectors)
    evaluator = object.__new__(BitextMiningEvaluator)
    for pair in (LanguagePair("en", "ja"), LanguagePair("tr", "en")):
        nearest = evaluator._similarity_search(vectors[pair.source], vectors[pair.reference], Cosine())
        gold = [(i, i) for i in range(60)]
        theirs = AbsTaskBitextMining._compute_metrics(None, nearest, gold)
        i = found.csls.pairs.index(pair)
        assert theirs["accuracy"] == pytest.approx(found.correct()[i].mean(), abs=1e-12)
        assert theirs["f1"] == pytest.approx(found.f1()[i].mean(), abs=1e-12)


@settings(deadline=None, max_examples=80)
@given(
    st.integers(2, 8).flatmap(
        lambda n: arrays(np.int8, (2, n, 3), elements=st.integers(-2, 2)).map(lambda a: a.astype(np.float32))
    ),
    st.integers(1, 5),
)
def test_small_integer_vectors_with_many_ties(pair, k):
    """Zero rows, duplicates, neighbourhoods larger than the language, means below zero."""
    a, b = pair
    found = mine_bitext({"a": a, "b": b}, k=k)
    defined = a.any(axis=1) & b.any(axis=1)
    hits = retrieve_translations({"a": a, "b": b}).hits()
    for i, (x, y) in enumerate(((a, b), (b, a))):
        cosines, csls, margin = reference.corrected_scores(x, y, k)
        assert found.csls.ranks[i].tolist() == reference.ranks_by_score(csls, defined)
        assert found.margin.ranks[i].tolist() == reference.ranks_by_score(margin, defined)
        assert (found.correct()[i] == hits[i]).all()
        taken = cosines[np.arange(len(x)), found.nearest[i]]
        assert (taken >= cosines.max(axis=1) - 1e-9)[defined].all()
        for q, error in enumerate(found.xsim_errors[i]):
            edge = sorted(cosines[q])[-k:][0] - 1e-12
            near = [j for j in range(len(y)) if cosines[q, j] >= edge and j != q]
            won = cosines[q, q] >= edge and all(margin[q, j] < margin[q, q] - 1e-12 for j in near)
            assert error == (not won or not defined[q] or not np.isfinite(margin[q, q]))


def test_duplicates_are_no_hits(vectors):
    twice = {language: np.concatenate([rows, rows[:5]]) for language, rows in vectors.items()}
    found = mine_bitext(twice)
    twins = [*range(5), *range(60, 65)]
    for hits in (found.csls.hits(), found.margin.hits(), ~found.xsim_errors, found.correct()):
        assert not hits[:, twins].any()
        assert hits[:, 5:60].any()


def test_tiles_do_not_change_the_answer(vectors, monkeypatch):
    whole = mine_bitext(vectors)
    monkeypatch.setattr(neighbours, "TILE", 7)
    monkeypatch.setattr(neighbours, "KEPT_CELLS", 0)
    tiled = mine_bitext(vectors)
    assert (tiled.csls.ranks == whole.csls.ranks).all()
    assert (tiled.margin.ranks == whole.margin.ranks).all()
    assert (tiled.xsim_errors == whole.xsim_errors).all()
    assert (tiled.nearest == whole.nearest).all()


def test_memory_is_bounded_by_tiles():
    rows = np.random.default_rng(0).standard_normal((5000, 4)).astype(np.float32)
    tracemalloc.start()
    mine_bitext({"a": rows, "b": rows + 1})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5000 * 5000 * 8 / 2


@pytest.mark.parametrize(
    ("change", "k", "message"),
    [
        (lambda v: {"en": v["en"]}, 4, r"1 language\(s\) given \(en\)"),
        (lambda v: {name: rows[:1] for name, rows in v.items()}, 4, r"1 sentence\(s\) per language"),
        (lambda v: {**v, "ja": np.where(np.arange(60)[:, None] == 17, np.nan, v["ja"])}, 4, "ja sentence 17"),
        (lambda v: {**v, "tr": v["tr"] * np.float32(np.inf)}, 4, "tr sentence 0"),
        (lambda v: v, 0, "0 neighbours; 1 or more are needed"),
    ],
)
def test_bad_vectors_are_named(vectors, change, k, message):
    with pytest.raises(NumericError, match=message):
        mine_bitext(change(vectors), k=k)
