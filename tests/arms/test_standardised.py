"""Standardised dimensions, against scikit-learn's and through a whole experiment."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from polysteer.arms.standardised import Standardised
from polysteer.errors import NumericError
from polysteer.layout import Layout
from polysteer.store import query_database
from polysteer.trials.encoded import StoredVectors

LANGUAGES = ("de", "en", "ja")


@pytest.fixture
def find():
    generator = np.random.default_rng(0)
    scales = np.array([1e-3, 1, 50, 1000])  # one dimension rules every cosine
    return {
        name: (generator.standard_normal((n, 4)) * scales + scales).astype("f4")
        for name, n in zip(LANGUAGES, (30, 40, 50), strict=True)
    }


def test_dimensions_are_those_of_scikit_learn(find):
    scaler = StandardScaler().fit(np.concatenate(list(find.values())).astype("f8"))
    test = {name: rows[:7] * 3 for name, rows in find.items()}
    moved = Standardised().fit(find, ())(test)
    for name, rows in test.items():
        np.testing.assert_allclose(moved[name], scaler.transform(rows.astype("f8")), rtol=2e-5, atol=2e-6)


def test_a_dimension_that_never_changes_keeps_its_distance(find):
    still = {
        name: np.concatenate([rows, np.full((len(rows), 1), 2.0)], axis=1) for name, rows in find.items()
    }
    moved = Standardised().fit(still, ())({"de": np.full((1, 5), 5.0)})
    assert moved["de"][0, 4] == 3


def test_what_is_not_finite_is_refused(find):
    with pytest.raises(NumericError, match="not finite"):
        Standardised().fit({**find, "ja": np.full((2, 4), np.inf, "f4")}, ())


def test_the_number_of_the_experiment_is_worked_out_by_hand(finished: Path):
    layout = Layout(finished / "artifacts").experiment("tiny")
    find, test = (
        {
            name: StoredVectors(layout.encoded("baseline", split, name)).at_layer("final").astype("f8")
            for name in LANGUAGES
        }
        for split in ("find", "test")
    )
    scaler = StandardScaler().fit(np.concatenate(list(find.values())))
    units = {}
    for name, rows in test.items():
        moved = scaler.transform(rows)
        units[name] = moved / np.linalg.norm(moved, axis=1, keepdims=True)
    hits = [
        np.mean((units[a] @ units[b].T).argmax(axis=1) == np.arange(len(units[a])))
        for a in LANGUAGES
        for b in LANGUAGES
        if a != b
    ]
    sql = "SELECT value FROM headline WHERE arm = 'standardised' AND view = 'same_layer'"
    ((stored,),) = query_database(finished / "artifacts/metrics.duckdb", sql).rows
    assert stored == pytest.approx(np.mean(hits), abs=1e-9)
