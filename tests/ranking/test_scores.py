import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from polysteer.errors import ConfigError, NumericError
from polysteer.ranking import scores as scores_module
from polysteer.ranking.half import from_keys, to_float32, to_keys
from polysteer.ranking.scores import score_neurons


def to_bfloat16(values):
    return (np.asarray(values, dtype=np.float32).view(np.uint32) >> 16).astype(np.uint16)


def assert_equals_sklearn(responses, languages, n_languages):
    found = score_neurons(responses, languages, n_languages=n_languages, scores=("ap", "auroc"))
    for neuron, row in enumerate(to_float32(responses)):
        for language in range(n_languages):
            truth = np.asarray(languages) == language
            assert found["ap"][language, neuron] == pytest.approx(
                average_precision_score(truth, row), abs=1e-9
            )
            assert found["auroc"][language, neuron] == pytest.approx(roc_auc_score(truth, row), abs=1e-9)


ROWS = {
    "continuous": lambda rng: rng.normal(size=(20, 300)),
    "few values": lambda rng: rng.integers(-2, 3, size=(20, 300)),
    "half zero": lambda rng: np.maximum(rng.normal(size=(20, 300)), 0),
    "negative": lambda rng: -np.abs(rng.normal(size=(20, 300))) - 1,
    "subnormal": lambda rng: rng.normal(size=(20, 300)) * 1e-7,
    "constant": lambda rng: np.full((20, 300), rng.normal()),
    "largest": lambda rng: rng.choice([-65504.0, 65504.0, 0.0], size=(20, 300)),
}


@pytest.mark.parametrize("kind", ROWS)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_scores_equal_scikit_learn(kind, dtype):
    rng = np.random.default_rng(1)
    values = ROWS[kind](rng)
    languages = rng.permutation(np.repeat([0, 1, 2, 3], [100, 150, 49, 1]))
    responses = values.astype(np.float16) if dtype == "float16" else to_bfloat16(values)
    assert_equals_sklearn(responses, languages, 4)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_scores_equal_scikit_learn_on_any_finite_bits(data):
    n_sentences = data.draw(st.integers(2, 30))
    seed = data.draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    languages = np.concatenate([[0, 1], rng.integers(0, 2, n_sentences - 2)])
    bits = rng.choice(rng.integers(0, 1 << 16, 8), size=(3, n_sentences)).astype(np.uint16)
    bits[(bits & 0x7C00) == 0x7C00] = 0x8000  # infinities and NaN become minus zero
    assert_equals_sklearn(bits.view(np.float16), languages, 2)


def test_a_hand_computed_table():
    # Descending: 4(a) 3(b) 3(a) 1(b): language a is found at 1/1 and, tied with b, at 2/3.
    responses = np.array([[4, 3, 3, 1]], dtype=np.float16)
    found = score_neurons(responses, [0, 1, 0, 1], n_languages=2, scores=("ap", "auroc"))
    assert found["ap"][:, 0] == pytest.approx([(1 + 2 / 3) / 2, (1 / 3 + 2 / 4) / 2])
    assert found["auroc"][:, 0] == pytest.approx([3.5 / 4, 0.5 / 4])


def test_a_constant_neuron_has_the_prevalence_and_one_half():
    responses = np.full((1, 10), 0.25, dtype=np.float16)
    found = score_neurons(responses, [0] * 3 + [1] * 7, n_languages=2, scores=("ap", "auroc"))
    assert found["ap"][:, 0] == pytest.approx([0.3, 0.7])
    assert found["auroc"][:, 0] == pytest.approx([0.5, 0.5])


def test_both_zeros_tie():
    responses = np.array([[0.0, -0.0, 0.0, -0.0]], dtype=np.float16)
    found = score_neurons(responses, [0, 1, 1, 0], n_languages=2)
    assert found["ap"][:, 0].tolist() == [0.5, 0.5]


def test_the_block_size_changes_nothing(monkeypatch):
    rng = np.random.default_rng(2)
    responses = rng.normal(size=(50, 40)).astype(np.float16)
    languages = np.arange(40) % 3
    whole = score_neurons(responses, languages, n_languages=3, scores=("ap", "auroc"))
    monkeypatch.setattr(scores_module, "_BLOCK_CELLS", 300)
    blocks = score_neurons(responses, languages, n_languages=3, scores=("ap", "auroc"))
    for score in whole:
        assert (whole[score] == blocks[score]).all()


def test_more_sentences_than_a_16_bit_count():
    rng = np.random.default_rng(3)
    responses = rng.normal(size=(1, 70_000)).astype(np.float16)
    assert_equals_sklearn(responses, np.arange(70_000) % 2, 2)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_response_that_is_not_finite_is_named(bad, dtype):
    values = np.ones((4, 6))
    values[2, 5] = bad
    responses = values.astype(np.float16) if dtype == "float16" else to_bfloat16(values)
    with pytest.raises(NumericError, match="neuron 2 to sentence 5"):
        score_neurons(responses, [0, 1, 0, 1, 0, 1], n_languages=2)


@pytest.mark.parametrize(
    ("languages", "n_languages"), [([0, 0, 0], 2), ([0, 1, 2], 2), ([0, 1], 2), ([0, 0, 0], 1)]
)
def test_languages_that_cannot_be_told_apart_are_refused(languages, n_languages):
    with pytest.raises(NumericError):
        score_neurons(np.ones((1, 3), np.float16), languages, n_languages=n_languages)


def test_an_unknown_score_and_a_wrong_dtype_are_refused():
    with pytest.raises(ConfigError, match="'mean'"):
        score_neurons(np.ones((1, 2), np.float16), [0, 1], n_languages=2, scores=("mean",))
    with pytest.raises(NumericError, match="float32"):
        score_neurons(np.ones((1, 2), np.float32), [0, 1], n_languages=2)


@pytest.mark.parametrize("dtype", [np.float16, np.uint16])
def test_keys_order_all_finite_values_and_come_back(dtype):
    bits = np.arange(1 << 16, dtype=np.uint16)
    exponent = 0x7C00 if dtype == np.float16 else 0x7F80
    half = bits[(bits & exponent) != exponent].view(dtype)
    values = to_float32(half)
    order = np.argsort(values, kind="stable")
    keys = to_keys(half)
    assert (np.diff(keys[order].astype(np.int64)) >= 0).all()
    assert ((np.diff(keys[order]) == 0) == (np.diff(values[order]) == 0)).all()
    assert (from_keys(keys, dtype=np.dtype(dtype)) == values).all()
