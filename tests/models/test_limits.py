"""The longest text of each family, beside the model: a token more fails, or is beyond its training."""

import pytest
import torch
from transformers import PreTrainedModel

from polysteer.models.limits import find_limit

STATED = {"xlm-roberta": 64 - 2, "falcon": 2048, "bloom": None, "t5": None}


def test_the_limit_is_what_a_model_has_positions_for(named_family) -> None:
    name, _, model = named_family
    assert find_limit(model) == STATED.get(name, 64)


@pytest.mark.parametrize("named_family", ["gpt2", "opt", "bert", "xlm-roberta"], indirect=True)
def test_a_table_of_positions_ends_there(model: PreTrainedModel) -> None:
    limit = find_limit(model)
    with torch.no_grad():
        model(input_ids=torch.full((1, limit), 20))
        with pytest.raises((IndexError, RuntimeError)):
            model(input_ids=torch.full((1, limit + 1), 20))


@pytest.mark.parametrize("name", ["n_positions", "n_ctx", "max_sequence_length"])
def test_a_config_may_call_it_otherwise(llama: PreTrainedModel, name: str) -> None:
    del llama.config.max_position_embeddings
    setattr(llama.config, name, 17)
    assert find_limit(llama) == 17
