"""Bitext mining's scores beside loops, LASER's definition, MTEB, scikit-learn and tables by hand."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import accuracy_score, f1_score

from polysteer.errors import NumericError
from polysteer.metrics import tiles
from polysteer.metrics.mining import mine_bitext
from polysteer.metrics.retrieval import retrieve_translations
from polysteer.metrics.vectors import LanguagePair
from support import reference


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


def see_same(found, expected):
    """Whether all that is found is the same to the last bit."""
    return all(
        (one == other).all()
        for one, other in (
            (found.csls.ranks, expected.csls.ranks),
            (found.margin.ranks, expected.margin.ranks),
            (found.xsim_errors, expected.xsim_errors),
            (found.nearest, expected.nearest),
        )
    )


def test_tiles_do_not_change_the_answer(vectors, monkeypatch):
    whole = mine_bitext(vectors)
    monkeypatch.setattr(tiles, "TILE", 7)
    assert see_same(mine_bitext(vectors), whole)


def mine_by_hand(a, b, k):
    """Every score of one pair, both ways, from whole matrices in float64."""
    units = [rows.astype(float) / np.linalg.norm(rows.astype(float), axis=1)[:, None] for rows in (a, b)]
    for cosines in (units[0] @ units[1].T, units[1] @ units[0].T):
        own = np.arange(len(cosines))
        near = -np.sort(-cosines, axis=1)[:, :k]
        back = -np.sort(-cosines.T, axis=1)[:, :k].mean(axis=1)
        middle = (near.mean(axis=1)[:, None] + back) / 2
        margin = np.where(middle > 1e-12, cosines / middle, -np.inf)
        ranks = []
        for scores in (cosines - middle, margin):
            limit = scores[own, own, None]
            ranks.append((scores >= limit - 1e-12 * np.maximum(1, np.abs(limit))).sum(axis=1))
        inside = cosines >= near[:, -1:] - 1e-12
        rivals = inside & (margin >= margin[own, own, None] - 1e-12) & (own != own[:, None])
        yield *ranks, ~inside[own, own] | rivals.any(axis=1), cosines


def make_pair(kind, n=1700, width=24):
    """Vectors that go other ways through the search; 1,700 are three tiles each way."""
    rng = np.random.default_rng(3)
    a = rng.standard_normal((n, width)).astype(np.float32)
    b = a + {"easy": 0.8, "crowded": 0.3, "close": 0.3}.get(kind, 3) * rng.standard_normal(
        a.shape, np.float32
    )
    if kind == "cone":  # all alike but for a small part, as in real decoders
        a, b = a + 30, b + 30
    if kind == "opposite":  # no neighbour has a positive cosine: there is no ratio margin
        a[:, 0], b[:, 0] = 30, -30
    if kind == "crowded":  # three hundred neighbours equally near
        b[500:800], b[1100:1105] = b[3], b[4]
    if kind == "close":  # too near for float32 to tell
        b[500:900] = b[3] * (1 + 1e-7 * rng.standard_normal((400, width))).astype(np.float32)
    return a, b


@pytest.mark.parametrize("kind", ["easy", "hard", "cone", "opposite", "crowded", "close"])
def test_every_way_through_the_search_equals_whole_matrices(kind):
    a, b = make_pair(kind)
    found = mine_bitext({"a": a, "b": b})
    for i, (csls, margin, errors, cosines) in enumerate(mine_by_hand(a, b, 4)):
        assert (found.csls.ranks[i] == csls).all()
        assert (found.margin.ranks[i] == (len(a) if kind == "opposite" else margin)).all()
        assert (found.xsim_errors[i] == (errors | (kind == "opposite"))).all()
        taken = cosines[np.arange(len(a)), found.nearest[i]]
        np.testing.assert_allclose(taken, cosines.max(axis=1), rtol=0, atol=1e-12)
    assert kind == "opposite" or len(np.unique(found.csls.ranks)) > 1


@pytest.mark.parametrize(
    ("dtype", "powers"),
    [("float64", (-600, 600)), ("float32", (-120, 110)), ("float32", (-145, 0)), ("float16", (-12, 8))],
)
def test_lengths_and_types_do_not_change_the_answer(vectors, dtype, powers):
    """Whole numbers times powers of two are held exactly by all these types."""
    whole = {language: np.round(rows[:40] * 4).astype(float) for language, rows in vectors.items()}
    scaled = {language: rows.astype(dtype) for language, rows in whole.items()}
    for language, power in zip(("ja", "tr"), powers, strict=True):
        scaled[language] = (whole[language] * 2.0**power).astype(dtype)
        assert np.isfinite(scaled[language]).all()
        assert (scaled[language].astype(float) / 2.0**power == whole[language]).all()
    assert see_same(mine_bitext(scaled), mine_bitext(whole))


def test_memory_is_bounded_by_tiles():
    rows = np.random.default_rng(0).standard_normal((5000, 4)).astype(np.float32)
    tracemalloc.start()
    mine_bitext({"a": rows, "b": rows + 1})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5000 * 5000 * 4 / 3


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
