"""Probes beside a pipeline of scikit-learn and made-up labels."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from polysteer.errors import NumericError
from polysteer.metrics.probes import probe_labels, probe_language, probe_rows


@pytest.fixture
def splits(vectors):
    return ({name: rows[a:b] for name, rows in vectors.items()} for a, b in ((0, 35), (35, 60)))


def join(vectors):
    return np.concatenate(list(vectors.values())).astype(np.float64)


def test_the_language_probe_equals_scikit_learns_pipeline(splits):
    find, test = splits
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    probe.fit(join(find), np.repeat(list(find), 35))
    found = probe_language(find, test)
    assert found.hits.ravel().tolist() == (probe.predict(join(test)) == np.repeat(list(test), 25)).tolist()
    assert found.guesses.mean() == pytest.approx(1 / 3)
    assert 0.5 < found.hits.mean() < 1


def test_languages_of_unlike_size_are_read_as_scikit_learn_reads_them_together(splits):
    find, test = splits
    find = {name: rows[: 35 - 4 * i] for i, (name, rows) in enumerate(find.items())}
    test = {name: rows[: 20 + i] for i, (name, rows) in enumerate(test.items())}
    labels = [
        {name: [f"t{n % 3}" for n in range(len(rows))] for name, rows in of.items()} for of in (find, test)
    ]
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    probe.fit(join(find), np.concatenate(list(labels[0].values())))
    found = probe_rows(find, labels[0], test, labels[1])
    for name, rows in test.items():
        assert found.hits[name].tolist() == (probe.predict(rows.astype(float)) == labels[1][name]).tolist()
        assert found.guesses[name].tolist() == [label == "t0" for label in labels[1][name]]
    assert 0 < sum(hits.sum() for hits in found.hits.values()) < 63


def test_topics_are_read_off_and_noise_is_not():
    generator = np.random.default_rng(0)
    topics = generator.choice(["x", "y", "z"], 300, p=[0.5, 0.3, 0.2])
    rows = {name: generator.standard_normal((300, 4)) for name in ("a", "b")}
    for own in rows.values():
        own[:, 0] += 6 * (topics == "x")
        own[:, 1] += 6 * (topics == "y")
    find, test = ({name: own[part] for name, own in rows.items()} for part in (slice(200), slice(200, 300)))
    labels = [{name: topics[part].tolist() for name in rows} for part in (slice(200), slice(200, 300))]
    found = probe_labels(find, labels[0], test, labels[1])
    assert found.hits.shape == (2, 100)
    assert found.hits.mean() > 0.95
    assert found.guesses.mean() == pytest.approx(np.mean(topics[200:] == "x"))
    noise = {name: generator.standard_normal((100, 4)) for name in rows}
    assert probe_labels(find, labels[0], noise, labels[1]).hits.mean() < 0.55


def test_a_constant_column_and_a_label_that_find_lacks():
    find = {"a": np.array([[0.0, 7], [1, 7], [0.1, 7], [0.9, 7]]), "b": np.array([[0.2, 7], [0.8, 7]])}
    test = {"a": np.array([[0.0, 7], [1, 7]]), "b": np.array([[1.0, 7], [0, 7]])}
    labels = {"a": ["low", "high", "low", "high"], "b": ["low", "high"]}
    found = probe_labels(find, labels, test, {"a": ["low", "high"], "b": ["other", "low"]})
    assert found.hits.tolist() == [[True, True], [False, True]]


@pytest.mark.parametrize(
    ("find_labels", "message"),
    [
        ({"a": ["x", "x"], "b": ["x", "x"]}, "all 4 rows of find have the label 'x'"),
        ({"a": ["x", "y"], "b": ["x", None]}, "find: b sentence 1 has no label; leave such sentences out"),
        ({"a": ["x", "y"], "b": ["x"]}, "find: 2 vectors of b, but 1 labels"),
        ({"a": ["x", "y"]}, "find: 2 vectors of b, but 0 labels"),
    ],
)
def test_missing_labels_are_refused(find_labels, message):
    rows = {"a": np.eye(2), "b": np.eye(2)}
    with pytest.raises(NumericError, match=message):
        probe_labels(rows, find_labels, rows, {"a": ["x", "y"], "b": ["x", "y"]})


def test_bad_vectors_are_refused():
    with pytest.raises(NumericError, match=r"1 language\(s\) given"):
        probe_language({"a": np.eye(2)}, {"a": np.eye(2)})
    with pytest.raises(NumericError, match="vector of b sentence 0 holds NaN"):
        probe_language({"a": np.eye(2), "b": np.full((2, 2), np.nan)}, {"a": np.eye(2), "b": np.eye(2)})
