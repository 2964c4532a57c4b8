"""What an importer learns of a model from its config alone."""

from polysteer.sharing.origin import read_origin
from support.tiny_models import make_config


def test_a_config_that_names_a_pad_token_is_read_like_any_other(tmp_path) -> None:
    config = make_config("GPT2", hidden=12, pad_token_id=3)
    config.architectures = ["GPT2LMHeadModel"]
    config.save_pretrained(tmp_path)
    origin = read_origin(str(tmp_path))
    assert origin.shape is not None
    assert (origin.shape.family, origin.shape.n_blocks) == ("gpt2", 2)
    assert origin.shape.width_by_site["mlp.hidden"] == 12
