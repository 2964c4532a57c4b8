"""What is said of the size of responses, against files that were written."""

from pathlib import Path

import pytest
import transformers as hf
from tokenizers import Tokenizer, models, pre_tokenizers

from polysteer.responses.collection import collect_responses
from polysteer.responses.settings import ResponseSettings
from polysteer.responses.sizes import predict_bytes

HEADER = 1000  # bytes of a file, at most


@pytest.mark.parametrize(("n_sentences", "n_shards"), [(40, 1), (2500, 3)])
def test_responses_take_as_much_as_was_said(tmp_path: Path, n_sentences: int, n_shards: int) -> None:
    config = hf.LlamaConfig(
        vocab_size=10, hidden_size=16, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2
    )
    inner = Tokenizer(models.WordLevel({"a": 0, "b": 1}, unk_token="a"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    collect_responses(
        hf.LlamaForCausalLM(config).eval(),
        hf.PreTrainedTokenizerFast(tokenizer_object=inner),
        {"en": ["a b a"] * n_sentences},
        tmp_path,
        ResponseSettings("test", ("mlp.hidden",), n_sampled_tokens=30),
        memory_bytes=200_000,
    )
    files = list((tmp_path / "en").glob("*.safetensors"))
    on_disk = sum(path.stat().st_size for path in files)
    predicted = predict_bytes(2 * 48, n_sentences, n_sampled_tokens=30, memory_bytes=200_000)
    assert len(files) == n_shards
    assert 0 <= on_disk - predicted < HEADER * n_shards
