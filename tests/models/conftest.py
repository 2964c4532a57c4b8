"""Tiny random models of the real classes, each family in turn."""

import pytest
import torch
import transformers as hf

from support.families import FAMILIES, Family


@pytest.fixture(params=FAMILIES, scope="session")
def named_family(request: pytest.FixtureRequest) -> tuple[str, Family, hf.PreTrainedModel]:
    family = FAMILIES[request.param]
    return request.param, family, family.build()


@pytest.fixture
def family(named_family: tuple[str, Family, hf.PreTrainedModel]) -> Family:
    return named_family[1]


@pytest.fixture
def model(named_family: tuple[str, Family, hf.PreTrainedModel]) -> hf.PreTrainedModel:
    return named_family[2]


@pytest.fixture
def llama() -> hf.PreTrainedModel:
    """A fresh one, for tests of one family that may spoil it."""
    return FAMILIES["llama"].build()


@pytest.fixture
def ids() -> torch.Tensor:
    """Two texts of six tokens, none of them special to any family."""
    return torch.randint(20, 49, (2, 6), generator=torch.Generator().manual_seed(0))
