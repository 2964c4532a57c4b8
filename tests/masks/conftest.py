import numpy as np
import pytest

from polysteer.masks import ExpertMask, MaskMetadata


@pytest.fixture
def metadata():
    return MaskMetadata(
        language="ja",
        sites=["attn.out", "mlp.out"],
        experts="own",
        intervention="set",
        model_id="some/model",
        model_family="llama",
        n_blocks=3,
        width_by_site={"attn.out": 8, "mlp.out": 20},
        score="ap",
        k=0.1,
        value_statistic="token_median",
        languages=["en", "ja"],
        notes="先生 and\nlines",
    )


@pytest.fixture
def mask(metadata):
    return ExpertMask(
        metadata,
        site=np.array([0, 0, 0, 1, 1], dtype=np.uint8),
        block=np.array([0, 0, 2, 0, 2], dtype=np.int32),
        unit=np.array([1, 7, 0, 19, 3], dtype=np.int32),
        score=np.array([0.9, 0.8, 0.7, 0.6, 0.5], dtype=np.float32),
        value=np.array([1.0, -2.0, 0.5, 3.0, 0.0], dtype=np.float32),
    )
