"""ABX beside a loop over all triples, by hand, and its intervals beside draws of new meanings."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from polysteer.errors import NumericError
from polysteer.metrics import abx as abx_module
from polysteer.metrics.abx import measure_abx
from polysteer.metrics.intervals import bootstrap_mean
from support import reference

LOOPS = {"language": reference.language_abx, "meaning": reference.meaning_abx}


def average(triples, n, position):
    return [np.mean([won for pair, won in triples.items() if pair[position] == m]) for m in range(n)]


def check_against_loops(vectors):
    found = measure_abx(vectors)
    for name, loop in LOOPS.items():
        scores = getattr(found, name)
        for i, (l1, l2) in enumerate(found.pairs):
            triples = loop(vectors[l1], vectors[l2])
            n = len(vectors[l1])
            assert scores.by_pair[i] == pytest.approx(np.mean(list(triples.values()))), (name, l1, l2)
            np.testing.assert_allclose(scores.by_first[i], average(triples, n, 0))
            np.testing.assert_allclose(scores.by_second[i], average(triples, n, 1))
    return found


def test_every_pair_equals_a_loop_over_all_triples(vectors, monkeypatch):
    few = {language: rows[:17] for language, rows in vectors.items()}
    monkeypatch.setattr(abx_module, "TILE_ROWS", 5)
    found = check_against_loops(few)
    assert found.pairs == (("en", "ja"), ("en", "tr"), ("ja", "en"), ("ja", "tr"), ("tr", "en"), ("tr", "ja"))
    assert len({*found.language.by_pair, *found.meaning.by_pair}) > 6


def test_ties_by_the_thousand_equal_a_loop():
    generator = np.random.default_rng(1)
    coarse = {name: generator.integers(-1, 2, (14, 2)).astype(np.float32) for name in ("a", "b", "c")}
    check_against_loops(coarse)


@settings(max_examples=30, deadline=None)
@given(
    arrays(np.float32, (4, 2), elements=st.sampled_from([0.0, 1.0, -1.0, 0.5, 3.0])),
    arrays(np.float32, (4, 2), elements=st.sampled_from([0.0, 1.0, -1.0, 0.5, 3.0])),
)
def test_zeros_and_copies_equal_a_loop(a, b):
    check_against_loops({"a": a, "b": b})


def at(*degrees):
    radians = np.deg2rad(degrees)
    return np.stack([np.cos(radians), np.sin(radians)], axis=1)


def test_by_hand_where_language_decides_and_where_meaning_does():
    # Languages a quarter turn apart, meanings 10 degrees: language is all that counts.
    apart = measure_abx({"a": at(0, 10, 20), "b": at(90, 100, 110)})
    assert apart.language.by_pair.tolist() == [1, 1]
    # From (m3, b) at 110 the nearest of a is (m3, a); from (m1, b) at 90 the nearest is again (m3, a).
    # Of (m1, m2), with X = (m1, b) the higher m wins: 0 of 2, 1 of 2, 2 of 2.
    assert apart.meaning.by_first[0].tolist() == [0, 0.5, 1]
    # Meanings a quarter turn apart, languages 10 degrees: meaning is all that counts.
    close = measure_abx({"a": at(0, 90, 180), "b": at(10, 100, 190)})
    assert close.meaning.by_pair.tolist() == [1, 1]
    # A = (m1, a), X = (m2, a), B = (m1, b): B lies 10 degrees further on, so A is nearer to X where m2 < m1;
    # but from 180 to 0 it is a half turn, and from B, at 190, ten degrees less the other way round.
    assert close.language.by_first[0].tolist() == pytest.approx([0, 0.5, 0.5])


def test_one_space_for_all_languages_is_chance_and_perfect_meaning():
    rows = np.random.default_rng(0).standard_normal((30, 8))
    # Cosines of a vector and of its multiple differ in their last bits: still ties.
    found = measure_abx({"a": rows, "b": 0.3 * rows})
    assert found.language.by_pair == pytest.approx([0.5, 0.5])
    assert found.meaning.by_pair == pytest.approx([1, 1])


def test_random_vectors_are_at_chance():
    generator = np.random.default_rng(4)
    found = measure_abx({name: generator.standard_normal((200, 40)) for name in ("a", "b", "c")})
    for scores in (found.language, found.meaning):
        assert scores.by_pair == pytest.approx(np.full(6, 0.5), abs=0.04)


def draw_space(generator, n):
    """Vectors of new meanings: languages somewhat apart, meanings somewhat alike."""
    meanings = generator.standard_normal((n, 3))
    return {
        name: meanings + 0.8 * generator.standard_normal((n, 3)) + off for name, off in (("a", 0), ("b", 0.4))
    }


@pytest.mark.parametrize("name", ["language", "meaning"])
def test_intervals_cover_the_truth_about_19_times_in_20(name):
    """The truth is the score of very many meanings. An interval from m1 alone misses it far more often."""
    generator = np.random.default_rng(8)
    truth = getattr(measure_abx(draw_space(generator, 3000)), name).by_pair.mean()
    covered = by_first_alone = 0
    for seed in range(200):
        scores = getattr(measure_abx(draw_space(generator, 60)), name)
        found = bootstrap_mean(scores.by_meaning, resamples=300, seed=seed)
        assert found.mean == pytest.approx(scores.by_pair.mean())
        covered += found.low <= truth <= found.high
        narrow = bootstrap_mean(scores.by_first, resamples=300, seed=seed)
        by_first_alone += narrow.low <= truth <= narrow.high
    assert 0.90 <= covered / 200 <= 0.985
    assert by_first_alone <= covered


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        ({"a": np.eye(3)}, r"1 language\(s\) given"),
        ({"a": np.eye(1), "b": np.eye(1)}, r"1 sentence\(s\) per language"),
        ({"a": np.eye(3), "b": np.eye(2)}, "row i must be the same meaning"),
        ({"a": np.eye(2), "b": np.array([[1, 0], [0, np.nan]])}, "vector of b sentence 1 holds NaN"),
    ],
)
def test_bad_vectors_are_refused(vectors, message):
    with pytest.raises(NumericError, match=message):
        measure_abx(vectors)
