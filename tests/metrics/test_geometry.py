"""Geometry beside brute force, published definitions step by step, and cases worked by hand."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from polysteer.errors import NumericError
from polysteer.metrics.evenness import explain_by_language, measure_isoscore
from polysteer.metrics.geometry import measure_centroids, measure_cka, measure_mexa
from polysteer.metrics.retrieval import retrieve_translations


def cka_by_gram_matrices(x, y):
    """From kernels centred with H = I - 11'/n, in full."""
    n = len(x)
    h = np.eye(n) - np.ones((n, n)) / n
    k, l_ = h @ (x @ x.T) @ h, h @ (y @ y.T) @ h
    return np.trace(k @ l_) / np.sqrt(np.trace(k @ k) * np.trace(l_ @ l_))


def isoscore_step_by_step(points):
    """Rudman et al., section 3: PCA, variances normalised to length sqrt(n), the defect, and the score."""
    n = points.shape[1]
    variances = np.cov(PCA().fit_transform(points).T, bias=True).diagonal()
    scaled = np.zeros(n)
    scaled[: len(variances)] = np.sqrt(n) * variances / np.linalg.norm(variances)
    defect = np.linalg.norm(scaled - 1) / np.sqrt(2 * (n - np.sqrt(n)))
    share = (n - defect**2 * (n - np.sqrt(n))) ** 2 / n**2
    return (n * share - 1) / (n - 1)


def eta_squared(vectors):
    vectors = {name: own.astype(float) for name, own in vectors.items()}
    rows = np.concatenate(list(vectors.values()))
    total = ((rows - rows.mean(0)) ** 2).sum()
    between = sum(len(own) * ((own.mean(0) - rows.mean(0)) ** 2).sum() for own in vectors.values())
    return between / total


def centroid_distance(x, y):
    return np.linalg.norm(x.mean(0) - y.mean(0))


def relative_distance(x, y):
    spread = np.mean([((rows - rows.mean(0)) ** 2).sum(1).mean() for rows in (x, y)])
    return centroid_distance(x, y) / np.sqrt(spread)


@pytest.mark.parametrize("n", [60, 9], ids=["tall", "wide"])
def test_pairs_equal_brute_force(vectors, n):
    few = {name: rows[:n] for name, rows in vectors.items()}
    distances = measure_centroids(few)
    for found, oracle in (
        (distances.raw, centroid_distance),
        (distances.relative, relative_distance),
        (measure_cka(few), cka_by_gram_matrices),
    ):
        assert found.pairs == (("en", "ja"), ("en", "tr"), ("ja", "tr"))
        assert found.values.shape == (3, n)
        for (a, b), values in zip(found.pairs, found.values, strict=True):
            expected = oracle(few[a].astype(float), few[b].astype(float))
            assert values.mean() == pytest.approx(expected, rel=1e-9)


def test_cka_does_not_see_rotation_scale_and_place():
    generator = np.random.default_rng(0)
    rows = generator.standard_normal((40, 6))
    turned = 3 * rows @ np.linalg.qr(generator.standard_normal((6, 6)))[0] + 5
    assert measure_cka({"a": rows, "b": turned}).values.mean() == pytest.approx(1)
    other = {"a": rows, "b": generator.standard_normal((40, 6))}
    assert measure_cka(other).values.mean() < 0.3


def test_centroids_by_hand():
    # Means (0, 0) and (6, 8): 10 apart. Squared distances from the own mean: 1, and 3 on average.
    found = measure_centroids(
        {"a": np.array([[1.0, 0], [-1, 0]]), "b": np.array([[6, 8 + 3**0.5], [6, 8 - 3**0.5]])}
    )
    assert found.raw.values.mean() == pytest.approx(10)
    assert found.relative.values.mean() == pytest.approx(10 / 2**0.5)


def test_mexa_by_hand():
    # Meaning 0 is best in row and column. 1's row is won by column 2. 2 is a tie in its column, so no hit.
    a = np.array([[1.0, 0, 0], [0, 1, 1], [0, 0, 1]])
    b = np.array([[1.0, 0.1, 0], [0, 1, 0], [0, 1, 1]])
    cosines = (a / np.linalg.norm(a, axis=1)[:, None]) @ (b / np.linalg.norm(b, axis=1)[:, None]).T
    own = cosines.diagonal()
    off = cosines - 2 * np.eye(3)
    expected = (own > off.max(0) + 1e-12) & (own > off.max(1) + 1e-12)
    found = measure_mexa(retrieve_translations({"a": a, "b": b}))
    assert found.pairs == (("a", "b"),)
    assert found.values[0].tolist() == expected.tolist() == [True, False, False]


def test_mexa_equals_a_loop_over_rows_and_columns(vectors):
    found = measure_mexa(retrieve_translations(vectors))
    for (a, b), values in zip(found.pairs, found.values, strict=True):
        units = [vectors[name] / np.linalg.norm(vectors[name], axis=1)[:, None] for name in (a, b)]
        c = units[0].astype(float) @ units[1].T.astype(float)
        for i in range(60):
            rivals = [c[i, j] for j in range(60) if j != i] + [c[j, i] for j in range(60) if j != i]
            assert values[i] == (c[i, i] > max(rivals))
    assert 0.05 < found.values.mean() < 0.9


def test_isoscore_by_hand():
    every_way = np.concatenate([np.eye(4), -np.eye(4)])
    assert measure_isoscore({"a": every_way}).mean() == pytest.approx(1)
    assert measure_isoscore({"a": 7 + 2 * every_way}).mean() == pytest.approx(1)
    one_way = np.outer(np.arange(5.0), [1, 2, 0, 2])
    assert measure_isoscore({"a": one_way}).mean() == pytest.approx(0, abs=1e-12)
    # Equal variance in k of n directions: (k - 1) / (n - 1).
    two_of_four = every_way[[0, 1, 4, 5]]
    assert measure_isoscore({"a": two_of_four}).mean() == pytest.approx(1 / 3)


def test_isoscore_equals_the_published_steps(vectors):
    assert measure_isoscore({"en": vectors["en"]}).mean() == pytest.approx(
        isoscore_step_by_step(vectors["en"].astype(float)), rel=1e-6
    )
    together = np.concatenate(list(vectors.values())).astype(float)
    assert measure_isoscore(vectors).mean() == pytest.approx(isoscore_step_by_step(together), rel=1e-6)


def test_explained_variance_equals_sums_of_squares(vectors):
    assert explain_by_language(vectors).mean() == pytest.approx(eta_squared(vectors), rel=1e-9)
    points = np.array([[1.0], [3.0]])
    # By hand: means 2 and 12 about 7, between 4 * 25, within 4 * 1.
    assert explain_by_language({"a": points, "b": points + 10}).mean() == pytest.approx(100 / 104)


def number_of(name, rows):
    a, b = rows["en"], rows["ja"]
    return {
        "raw": lambda: centroid_distance(a, b),
        "relative": lambda: relative_distance(a, b),
        "cka": lambda: cka_by_gram_matrices(a, b),
        "isoscore": lambda: isoscore_step_by_step(np.concatenate([a, b])),
        "explained": lambda: eta_squared(rows),
    }[name]()


@pytest.mark.parametrize("name", ["raw", "relative", "cka", "isoscore", "explained"])
def test_the_spread_of_the_values_is_that_of_the_number_over_resamples(name):
    """Meanings drawn again and the number made anew, 300 times, beside one look at the values."""
    generator = np.random.default_rng(11)
    meanings = generator.standard_normal((120, 5))
    rows = {
        lang: meanings + generator.standard_normal((120, 5)) + off for lang, off in (("en", 0), ("ja", 0.7))
    }
    values = {
        "raw": lambda: measure_centroids(rows).raw.values[0],
        "relative": lambda: measure_centroids(rows).relative.values[0],
        "cka": lambda: measure_cka(rows).values[0],
        "isoscore": lambda: measure_isoscore(rows),
        "explained": lambda: explain_by_language(rows),
    }[name]()
    drawn = [generator.integers(0, 120, 120) for _ in range(300)]
    again = [number_of(name, {lang: own[draw] for lang, own in rows.items()}) for draw in drawn]
    assert values.std() / np.sqrt(120) == pytest.approx(np.std(again), rel=0.25)


def test_what_is_not_defined_is_nan_and_nothing_else():
    same = np.full((5, 3), 0.1, dtype=np.float32)
    rows = np.random.default_rng(0).standard_normal((5, 3))
    assert np.isnan(measure_cka({"a": same, "b": rows}).values).all()
    assert np.isnan(measure_centroids({"a": same, "b": same + 1}).relative.values).all()
    assert measure_centroids({"a": same, "b": same + 1}).raw.values.mean() == pytest.approx(3**0.5)
    assert np.isnan(measure_isoscore({"a": same})).all()
    assert np.isnan(explain_by_language({"a": same, "b": same})).all()
    assert explain_by_language({"a": same, "b": same + 1}).mean() == pytest.approx(1)


@pytest.mark.parametrize("measure", [measure_centroids, measure_cka, explain_by_language])
@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        ({"a": np.eye(3)}, r"1 language\(s\) given"),
        ({"a": np.eye(1), "b": np.eye(1)}, r"1 sentence\(s\) per language"),
        ({"a": np.eye(2), "b": np.array([[1, 0], [0, np.inf]])}, "vector of b sentence 1"),
    ],
)
def test_bad_vectors_are_refused(measure, vectors, message):
    with pytest.raises(NumericError, match=message):
        measure(vectors)


def test_isoscore_of_one_point_or_one_column_is_refused():
    with pytest.raises(NumericError, match="IsoScore of 1 vectors 3 wide"):
        measure_isoscore({"a": np.ones((1, 3))})
    with pytest.raises(NumericError, match="IsoScore of 4 vectors 1 wide"):
        measure_isoscore({"a": np.ones((4, 1))})
    with pytest.raises(NumericError, match="vector of a sentence 0"):
        measure_isoscore({"a": np.full((4, 2), np.nan)})
