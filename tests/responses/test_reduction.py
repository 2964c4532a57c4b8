import numpy as np
import pytest
import torch

from polysteer.responses import reduction
from polysteer.responses.reduction import BatchReducer

DTYPES = [torch.float32, torch.float16, torch.bfloat16]
VALUES = {
    "mixed": lambda rng: rng.normal(size=(6, 9, 40)),
    "negative": lambda rng: -np.abs(rng.normal(size=(6, 9, 40))) - 0.5,
    "rectified": lambda rng: np.maximum(rng.normal(size=(6, 9, 40)), 0),
    "both zeros": lambda rng: rng.choice([0.0, -0.0, -1.0], size=(6, 9, 40)),
    "far from zero": lambda rng: 100 + rng.normal(size=(6, 9, 40)),
}
LENGTHS = [2, 4, 4, 7, 8, 9]


def reduce_by_hand(activations, is_real, pool):
    texts = [rows[real].astype(np.float64) for rows, real in zip(activations, is_real.numpy(), strict=True)]
    tokens = np.concatenate(texts)
    pooled = np.stack([text.max(axis=0) if pool == "max" else text.mean(axis=0) for text in texts])
    return pooled, tokens


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", VALUES)
@pytest.mark.parametrize("pool", ["max", "mean"])
@pytest.mark.parametrize("is_padded", [True, False])
def test_a_batch_is_reduced_as_by_hand(dtype, kind, pool, is_padded):
    activations = torch.from_numpy(VALUES[kind](np.random.default_rng(0))).to(dtype)
    is_real = torch.zeros(6, 9, dtype=torch.bool)
    for row, length in enumerate(LENGTHS):
        is_real[row, 1 : length if is_padded else 9] = True  # the first token is a special one
    spoilt = activations.masked_fill(~is_real[..., None], torch.nan)
    sampled = torch.tensor([1, 10, 19])
    span = None if is_padded else slice(1, 9)
    other = "mean" if pool == "max" else "max"
    found, _ = BatchReducer(is_real, sampled, pools=[pool, other], span=span).reduce(spoilt)
    pooled, tokens = reduce_by_hand(activations.float().numpy(), is_real, pool)
    if pool == "max":
        assert (found.pooled.float().numpy() == pooled).all()
    else:
        np.testing.assert_allclose(found.pooled.numpy(), pooled, rtol=1e-5, atol=1e-6)
    assert torch.equal(found.sample, activations.reshape(54, 40)[sampled])
    assert found.moments.mean.dtype == torch.float32
    np.testing.assert_allclose(found.moments.mean, tokens.mean(axis=0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.moments.variance, tokens.var(axis=0), rtol=1e-4, atol=1e-9)
    assert found.moments.n_above_zero.tolist() == (tokens > 0).sum(axis=0).tolist()


def test_more_tokens_than_16_bits_count():
    tokens = torch.ones(70_000, 2, dtype=torch.bfloat16)
    tokens[:1000, 1] = -1
    assert reduction.measure_moments(tokens).n_above_zero.tolist() == [70_000, 69_000]


def test_a_single_token_has_no_variance():
    moments = reduction.measure_moments(torch.tensor([[2.0, -3.0]], dtype=torch.bfloat16))
    assert moments.mean.tolist() == [2.0, -3.0]
    assert moments.variance.tolist() == [0.0, 0.0]
