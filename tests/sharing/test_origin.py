"""What an importer learns of a model from its config alone."""

from transformers import GPT2Config

from polysteer.sharing.origin import read_origin


def test_a_config_that_names_a_pad_token_is_read_like_any_other(tmp_path) -> None:
    config = GPT2Config(n_layer=2, n_head=2, n_embd=8, n_inner=12, vocab_size=50, pad_token_id=3)
    config.architectures = ["GPT2LMHeadModel"]
    config.save_pretrained(tmp_path)
    origin = read_origin(str(tmp_path))
    assert origin.shape is not None
    assert (origin.shape.family, origin.shape.n_blocks) == ("gpt2", 2)
    assert origin.shape.width_by_site["mlp.hidden"] == 12
