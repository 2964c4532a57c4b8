"""Vectors for the tests of metrics."""

import numpy as np
import numpy.typing as npt
import pytest


@pytest.fixture
def vectors() -> dict[str, npt.NDArray[np.float32]]:
    """Three languages, 60 meanings, each language off in a direction of its own."""
    generator = np.random.default_rng(3)
    meanings = generator.standard_normal((60, 12))
    return {
        language: (
            meanings + 0.8 * generator.standard_normal((60, 12)) + generator.standard_normal(12)
        ).astype(np.float32)
        for language in ("en", "ja", "tr")
    }
