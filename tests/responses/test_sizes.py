"""What is said of the size of responses, against files that were written."""

from pathlib import Path

import pytest

from polysteer.responses.collection import collect_responses
from polysteer.responses.settings import ResponseSettings
from polysteer.responses.sizes import predict_bytes
from support.tiny_models import make_model, make_tokenizer

HEADER = 1000  # bytes of a file, at most


@pytest.mark.parametrize(("n_sentences", "n_shards"), [(40, 1), (2500, 3)])
def test_responses_take_as_much_as_was_said(tmp_path: Path, n_sentences: int, n_shards: int) -> None:
    collect_responses(
        make_model("Llama", hidden=48),
        make_tokenizer(["a", "b"], unknown="a"),
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
