from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file
from scipy.linalg import fractional_matrix_power
from sklearn.covariance import oas
from sklearn.linear_model import LogisticRegression

from polysteer.errors import ConfigError, InterventionError, MaskError, NumericError
from polysteer.masks import LanguageSubspace, SubspaceMetadata
from polysteer.masks.erasure import choose_shrinkage, draw_subspace, fit_layer, fit_subspace
from polysteer.terms import ERASE_METHODS
from support.checks import check_read_or_refused
from support.reference import erase_by_leace

LANGUAGES = ["en", "ja", "fr", "tr"]
WIDTH = 12


def make_vectors(*, seed=0, width=WIDTH, n=150, languages=LANGUAGES):
    """Correlated vectors, each language around a mean of its own."""
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(width, width))
    return {
        language: (rng.normal(size=(n + i, width)) @ mixing + 3 * rng.normal(size=width)).astype(np.float32)
        for i, language in enumerate(languages)
    }


def make_metadata(**changes):
    facts = {
        "method": "mean_difference",
        "languages": LANGUAGES,
        "layers": ["0", "1", "2", "final"],
        "width": WIDTH,
    }
    return SubspaceMetadata(**facts | changes)


def make_subspace(**changes):
    metadata = make_metadata(**changes)
    by_layer = {layer: make_vectors(seed=seed) for seed, layer in enumerate(metadata.layers)}
    return by_layer, fit_subspace(by_layer, metadata, shrinkage=0)


def erase_by_hand(vectors, method):
    """The textbook formulas in fp64: a projection matrix of the means' span, plain or between whitenings."""
    means = np.stack([rows.astype(float).mean(axis=0) for rows in vectors.values()])
    mean = means.mean(axis=0)
    whiten = np.eye(means.shape[1])
    if method == "leace":
        covariance = np.mean(
            [np.einsum("si,sj->ij", rows - mean, rows - mean) / len(rows) for rows in vectors.values()],
            axis=0,
        )
        whiten = fractional_matrix_power(covariance, -0.5)
    directions = whiten @ (means - mean)[:-1].T
    projection = directions @ np.linalg.pinv(directions)
    remove = np.linalg.inv(whiten) @ projection @ whiten
    return {language: rows - (rows - mean) @ remove.T for language, rows in vectors.items()}


@pytest.mark.parametrize("method", ERASE_METHODS)
def test_erasing_is_the_textbook_formula(method):
    by_layer, subspace = make_subspace(method=method)
    for layer, vectors in by_layer.items():
        expected = erase_by_hand(vectors, method)
        for language, rows in vectors.items():
            found = subspace.erase(rows, layer=layer)
            assert found.dtype == np.float32
            np.testing.assert_allclose(found, expected[language], atol=2e-4)
    assert subspace.rank == len(LANGUAGES) - 1


@pytest.mark.parametrize("method", ERASE_METHODS)
@pytest.mark.parametrize("shrinkage", [0.0, 0.3, 1.0])
def test_all_languages_of_the_fit_have_one_mean_afterwards(method, shrinkage):
    vectors = make_vectors()
    subspace = fit_subspace({"1": vectors}, make_metadata(method=method, layers=["1"]), shrinkage=shrinkage)
    means = [subspace.erase(rows, layer="1").mean(axis=0, dtype=float) for rows in vectors.values()]
    before = [rows.mean(axis=0, dtype=float) for rows in vectors.values()]
    assert np.ptp(before, axis=0).min() > 0.5
    np.testing.assert_allclose(means, np.tile(subspace.mean[0], (4, 1)), atol=1e-4)


@pytest.mark.parametrize("method", ERASE_METHODS)
def test_no_linear_probe_finds_the_language_afterwards(method):
    vectors = make_vectors(n=150)
    vectors = {language: rows[:150] for language, rows in vectors.items()}
    subspace = fit_subspace({"1": vectors}, make_metadata(method=method, layers=["1"]))
    labels = np.repeat(np.arange(4), 150)
    before = np.concatenate(list(vectors.values()))
    after = np.concatenate([subspace.erase(rows, layer="1") for rows in vectors.values()])
    # Where all means are equal no linear probe has a lower loss than a constant one: it learns nothing.
    for data, low, high in ((before, 0.9, 1.0), (after, 0.2, 0.3)):
        probe = LogisticRegression(C=1e6, max_iter=2000).fit(data, labels)
        assert low <= probe.score(data, labels) <= high


def test_leace_changes_the_vectors_least_in_their_own_measure():
    vectors = make_vectors(n=400)
    everything = np.concatenate([rows[:400] for rows in vectors.values()]).astype(float)
    precision = np.linalg.inv(np.cov(everything.T))

    def measure(method):
        eraser = fit_layer({language: rows[:400] for language, rows in vectors.items()}, method=method)
        change = (everything - eraser.mean) @ eraser.left @ eraser.right
        return np.einsum("si,ij,sj->", change, precision, change)

    assert measure("leace") < 0.9 * measure("mean_difference")


@pytest.mark.parametrize("n", [4, 30])
def test_fewer_sentences_than_dimensions_still_give_equal_means(n):
    vectors = make_vectors(width=200, n=n)
    metadata = make_metadata(method="leace", layers=["1"], width=200)
    for shrinkage in (0.0, 0.1, "auto"):
        subspace = fit_subspace({"1": vectors}, metadata, shrinkage=shrinkage)
        means = [subspace.erase(rows, layer="1").mean(axis=0, dtype=float) for rows in vectors.values()]
        assert np.ptp(means, axis=0).max() < 1e-3


@pytest.mark.parametrize("n", [75, 150, 600, 6000])
def test_shrinkage_is_chosen_near_the_best_that_is_possible(n):
    """Which mixture is nearest to the covariance that the rows were drawn from is a parabola's minimum."""
    best, chosen, normal = [], [], []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        mixing = rng.normal(size=(150, 150)) * np.geomspace(1, 0.3, 150)
        rows, true = rng.normal(size=(n, 150)) @ mixing.T, mixing @ mixing.T
        found = rows.T @ rows / n
        towards_sphere = np.eye(150) * np.trace(found) / 150 - found
        best.append(np.vdot(towards_sphere, true - found) / np.vdot(towards_sphere, towards_sphere))
        chosen.append(choose_shrinkage(found, n))
        normal.append(oas(rows, assume_centered=True)[1])
    assert np.mean(chosen) == pytest.approx(np.mean(best), rel=0.1)
    # Another estimator of the same minimum, which supposes normal rows.
    assert np.mean(chosen) == pytest.approx(np.mean(normal), rel=0.1)


def test_shrinkage_by_hand():
    # tr S = 4, |S|^2 = 10: (16 / n) / (10 - 16 / 2).
    assert choose_shrinkage(np.diag([3.0, 1.0]), 16) == 0.5
    assert choose_shrinkage(np.diag([3.0, 1.0]), 1600) == 0.005
    assert choose_shrinkage(np.diag([3.0, 1.0]), 8) == choose_shrinkage(np.diag([3.0, 1.0]), 2) == 1
    assert choose_shrinkage(np.eye(3), 10**6) == choose_shrinkage(np.zeros((3, 3)), 5) == 1


def test_leace_shrinks_by_itself_where_sentences_are_few_and_not_where_they_are_many():
    def change_by_shrinking(n):
        vectors = make_vectors(n=n)
        chosen, unshrunk = (fit_layer(vectors, method="leace", shrinkage=how) for how in ("auto", 0))
        assert np.array_equal(fit_layer(vectors, method="leace").left, chosen.left)
        return np.abs(chosen.left @ chosen.right - unshrunk.left @ unshrunk.right).max()

    assert change_by_shrinking(4) > 0.5
    assert change_by_shrinking(100_000) < 0.005


def test_each_language_weighs_the_same_in_the_choice_however_many_sentences_it_has():
    """1 sentence of one language and 5 of the other are as good as 2 / (1 + 1/5) = 5/3 of each."""
    rng = np.random.default_rng(2)
    vectors = {"en": rng.normal(size=(1, 2)) + 3, "ja": rng.normal(size=(5, 2))}
    mean = np.mean([rows.mean(axis=0) for rows in vectors.values()], axis=0)
    covariance = np.mean([(rows - mean).T @ (rows - mean) / len(rows) for rows in vectors.values()], axis=0)
    shrinkage = choose_shrinkage(covariance, 2 * 5 / 3)
    assert 0 < shrinkage < 1
    expected = fit_layer(vectors, method="leace", shrinkage=shrinkage)
    np.testing.assert_allclose(fit_layer(vectors, method="leace").left, expected.left)


def test_shrinkage_and_erasing_equal_the_papers_formulas():
    vectors = {language: rows[:4] for language, rows in make_vectors(width=30, n=4).items()}
    rows = np.concatenate(list(vectors.values())).astype(float)
    mean, left, right = fit_layer(vectors, method="leace")
    expected = erase_by_leace(rows, np.eye(4).repeat(4, axis=0))
    np.testing.assert_allclose(rows - (rows - mean) @ left @ right, expected, atol=1e-9)


def test_a_language_outside_the_fit_loses_what_it_shares_with_the_others():
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(2, WIDTH))  # all languages differ along two directions
    vectors = {
        language: (rng.normal(size=(200, WIDTH)) + rng.normal(size=2) @ shared * 4).astype(np.float32)
        for language in [*LANGUAGES, "sw"]
    }
    metadata = make_metadata(layers=["1"])
    subspace = fit_subspace({"1": vectors}, metadata)

    def distance(rows):
        return np.linalg.norm(rows.mean(axis=0) - subspace.mean[0])

    assert distance(subspace.erase(vectors["sw"], layer="1")) < 0.1 * distance(vectors["sw"])
    alien = vectors["sw"] + 10 * np.linalg.svd(np.vstack([shared, np.zeros((1, WIDTH))]))[2][-1]
    assert distance(subspace.erase(alien.astype(np.float32), layer="1")) > 5


def test_strength_goes_that_part_of_the_way():
    by_layer, subspace = make_subspace()
    x = by_layer["2"]["ja"]
    half = subspace.erase(x, layer="2", strength=0.5)
    np.testing.assert_allclose(half, (x + subspace.erase(x, layer="2")) / 2, atol=1e-5)
    assert (subspace.erase(x, layer="2", strength=0.0) == x).all()


def test_edits_are_on_the_blocks_that_put_the_layers_out():
    by_layer, subspace = make_subspace(method="leace")
    edits = subspace.edits(strength=0.5)
    assert [(edit.site, edit.block, edit.strength) for edit in edits] == [
        ("block.out", 0, 0.5),
        ("block.out", 1, 0.5),
    ]
    x = by_layer["2"]["fr"]
    y = x - edits[1].strength * ((x - edits[1].mean) @ edits[1].left) @ edits[1].right
    np.testing.assert_allclose(y, subspace.erase(x, layer="2", strength=0.5), atol=1e-5)
    assert [edit.block for edit in subspace.edits(blocks=range(1, 9))] == [1]


def test_a_random_control_has_the_rank_the_means_and_right_angles():
    _, subspace = make_subspace(method="leace")
    drawn = [draw_subspace(subspace, seed=0, draw=draw) for draw in range(3)]
    for draw, control in enumerate(drawn):
        assert (control.metadata.method, control.metadata.control_of, control.metadata.draw) == (
            "random",
            "leace",
            draw,
        )
        assert control.left.shape == subspace.left.shape
        assert (control.mean == subspace.mean).all()
        for left, right in zip(control.left, control.right, strict=True):
            np.testing.assert_allclose(left.T @ left, np.eye(3), atol=1e-5)
            assert (right == left.T).all()
    again = draw_subspace(subspace, seed=0, draw=1)
    assert (again.left == drawn[1].left).all()
    assert (again.left != drawn[0].left).any()


def test_a_control_leaves_the_languages_apart():
    by_layer, subspace = make_subspace()
    control = draw_subspace(subspace, seed=0, draw=0)
    means = [control.erase(rows, layer="1").mean(axis=0) for rows in by_layer["1"].values()]
    assert np.ptp(means, axis=0).max() > 1


@dataclass(frozen=True)
class SomeShape:
    family: str = "llama"
    n_blocks: int = 2
    width_by_site: dict = field(default_factory=lambda: {"mlp.out": WIDTH, "block.out": WIDTH})


def test_another_shape_is_refused_naming_the_field():
    _, subspace = make_subspace(model_family="llama", n_blocks=2)
    subspace.check_fits(SomeShape())
    for shape, complaint in (
        (SomeShape(family="gpt2"), "model_family is llama in the file and gpt2"),
        (SomeShape(n_blocks=3), "n_blocks is 2 in the file and 3"),
        (SomeShape(width_by_site={"block.out": 13}), "width is 12 in the file and 13"),
        (SomeShape(width_by_site={"mlp.out": 12}), "acts on block.out; the model has mlp.out"),
    ):
        with pytest.raises(MaskError, match=complaint):
            subspace.check_fits(shape)
    _, unknown = make_subspace()
    with pytest.raises(MaskError, match="a layer 2; the model has 1 blocks"):
        unknown.check_fits(SomeShape(n_blocks=1))


def test_what_cannot_be_done_is_refused():
    by_layer, subspace = make_subspace()
    x = by_layer["1"]["en"]
    with pytest.raises(MaskError, match="not fitted on layer 7"):
        subspace.erase(x, layer="7")
    with pytest.raises(MaskError, match="11 wide"):
        subspace.erase(x[:, :-1], layer="1")
    for strength in (-0.1, 1.1, float("nan")):
        with pytest.raises(InterventionError, match="strength"):
            subspace.erase(x, layer="1", strength=strength)
    with pytest.raises(InterventionError, match="can erase, not 'set'"):
        subspace.edits(intervention="set")
    with pytest.raises(InterventionError, match="layer final, which no block puts out"):
        make_subspace(layers=["final"])[1].edits()
    with pytest.raises(ConfigError, match="draw_subspace"):
        fit_subspace(by_layer, make_metadata(method="random"))
    for shrinkage in (2, float("nan"), "much"):
        with pytest.raises(ConfigError, match=f"shrinkage is {shrinkage!r}; give auto, or"):
            fit_layer(by_layer["1"], method="leace", shrinkage=shrinkage)
    with pytest.raises(NumericError, match="fewer than 3 directions"):
        fit_layer(dict.fromkeys(LANGUAGES, x), method="leace")
    with pytest.raises(NumericError, match="vectors of ja"):
        fit_layer({**by_layer["1"], "ja": x * np.nan}, method="mean_difference")
    with pytest.raises(NumericError, match="two or more; there is en"):
        fit_layer({"en": x}, method="mean_difference")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "subspace.safetensors"
    make_subspace(notes="先生", seed=3)[1].save(path)
    return path


def test_a_file_comes_back_and_is_small(path):
    _, subspace = make_subspace(notes="先生", seed=3)
    loaded = LanguageSubspace.load(path)
    assert loaded.metadata == subspace.metadata
    for name in ("mean", "left", "right"):
        assert (getattr(loaded, name) == getattr(subspace, name)).all()
        assert (load_file(path)[name] == getattr(subspace, name)).all()
    assert path.stat().st_size < 4 * 4 * (WIDTH + 2 * WIDTH * 3) + 600
    before = path.read_bytes()
    loaded.save(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda arrays: arrays.pop("left"), "it holds mean, right"),
        (lambda arrays: arrays.update(extra=arrays["mean"]), "it holds extra"),
        (lambda arrays: arrays.update(mean=arrays["mean"][:2]), r"mean is float32 of shape \(2, 12\)"),
        (lambda arrays: arrays.update(mean=arrays["mean"].astype(np.float64)), "mean is float64"),
        (lambda arrays: arrays.update(left=arrays["left"][..., :0]), "rank is 0"),
        (lambda arrays: arrays.update(left=arrays["left"][..., :2]), "right is float32"),
        (lambda arrays: arrays["right"].__setitem__((1, 0, 0), np.nan), "right of layer 1 holds"),
    ],
)
def test_wrong_tensors_are_refused(path, change, complaint):
    arrays, metadata = load_file(path), LanguageSubspace.load(path).metadata.to_strings()
    change(arrays)
    save_file(arrays, path, metadata=metadata)
    with pytest.raises(MaskError, match=complaint):
        LanguageSubspace.load(path)


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("format", "other", "do not say format: polysteer-subspace"),
        ("format", "polysteer-mask", "it is an expert mask, which holds neurons"),
        ("format_version", "3", "format_version is '3', this version of polysteer reads 1 to 2"),
        ("chosen", '{"strength": 0.5}', "format_version is 1, which has no field 'chosen'"),
        ("width", "13", "shape"),
        ("width", "[", "not JSON"),
        ("layers", '["0", "0", "1", "2"]', "twice"),
        ("layers", '["0", "1", "2", "first"]', "layers.3"),
        ("layers", '["0", "1", "2", "01"]', "layers.3"),
        ("languages", '["en"]', "languages"),
        ("surprise", "1", "surprise"),
    ],
)
def test_wrong_metadata_are_refused(path, name, text, complaint):
    strings = LanguageSubspace.load(path).metadata.to_strings()
    save_file(load_file(path), path, metadata=strings | {name: text})
    with pytest.raises(MaskError, match=complaint):
        LanguageSubspace.load(path)


def test_every_truncation_and_a_mask_are_refused(path, mask):
    whole = path.read_bytes()
    for length in range(0, len(whole), 11):
        path.write_bytes(whole[:length])
        with pytest.raises(MaskError):
            LanguageSubspace.load(path)
    mask.save(path)
    with pytest.raises(MaskError, match="it is an expert mask, which holds neurons"):
        LanguageSubspace.load(path)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6))
def test_no_changed_byte_crashes_the_reader(path, edits):
    whole = path.read_bytes()
    content = bytearray(whole)
    for place, byte in edits:
        content[place % len(content)] = byte
    path.write_bytes(content)
    try:
        check_read_or_refused(LanguageSubspace.load, path, MaskError)
    finally:
        path.write_bytes(whole)


def test_a_subspace_that_was_changed_by_hand_is_checked_again():
    _, subspace = make_subspace()
    with pytest.raises(MaskError, match="left is float64"):
        replace(subspace, left=subspace.left.astype(np.float64))
