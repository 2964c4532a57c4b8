"""A steered model through MTEB: a bitext task's own evaluator, against retrieval as it is measured here."""

import numpy as np
import pytest
import torch
import transformers as hf
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from polysteer.embeddings.encoder import SteeredEncoder
from polysteer.masks.edits import NeuronEdit
from polysteer.metrics.retrieval import retrieve_translations
from polysteer.models.loading import LoadedModel
from polysteer.models.tokens import remember_special_ids

mteb = pytest.importorskip("mteb")
datasets = pytest.importorskip("datasets")

VOCAB, N_PAIRS = 200, 150


class HoldingMask:
    chosen = None

    def check_fits(self, shape) -> None:
        assert shape.family == "llama"

    def edits(self, *, intervention, strength, blocks) -> list[NeuronEdit]:
        assert (intervention, strength, blocks) == (None, 1.0, None)
        units = np.arange(8)
        return [NeuronEdit("mlp.hidden", 0, units, np.zeros(8, np.float32), np.full(8, 3.0, np.float32))]


@pytest.fixture(scope="module")
def loaded() -> LoadedModel:
    torch.manual_seed(0)
    config = hf.LlamaConfig(
        vocab_size=VOCAB,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        bos_token_id=0,
        eos_token_id=1,
    )
    words = {"<s>": 0, "</s>": 1, **{f"w{i}": i for i in range(2, VOCAB)}}
    inner = Tokenizer(models.WordLevel(words, unk_token="w2"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    inner.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    tokenizer = hf.PreTrainedTokenizerFast(tokenizer_object=inner, bos_token="<s>", eos_token="</s>")
    model = hf.LlamaForCausalLM(config).eval()
    remember_special_ids(model, tokenizer)
    return LoadedModel(model, tokenizer)


@pytest.fixture(scope="module")
def pairs() -> dict[str, list[str]]:
    """Sentences and noisy copies, so that about half of them find each other."""
    rng = np.random.default_rng(0)
    first = [rng.integers(2, VOCAB, size=rng.integers(4, 9)) for _ in range(N_PAIRS)]
    second = [np.where(rng.random(len(ids)) < 0.5, rng.integers(2, VOCAB, len(ids)), ids) for ids in first]
    return {
        name: [" ".join(f"w{i}" for i in ids) for ids in side]
        for name, side in (("sentence1", first), ("sentence2", second))
    }


@pytest.mark.parametrize("mask", [None, HoldingMask()])
def test_a_bitext_task_finds_what_retrieval_finds(
    loaded: LoadedModel, pairs: dict[str, list[str]], mask: HoldingMask | None
) -> None:
    encoder = SteeredEncoder(loaded, mask=mask)
    task = mteb.get_task("Tatoeba", hf_subsets=["jpn-eng"])
    task.dataset = {"jpn-eng": {"test": datasets.Dataset.from_dict(pairs)}}
    task.data_loaded = True
    scores = task.evaluate(encoder, split="test", encode_kwargs={"batch_size": 16})["jpn-eng"]
    result = mteb.evaluate(encoder, task, encode_kwargs={"batch_size": 16}, cache=None)
    vectors = {name: encoder.encode(texts) for name, texts in pairs.items()}
    retrieval = retrieve_translations(vectors)
    top1 = retrieval.hits()[retrieval.pairs.index(("sentence1", "sentence2"))].mean()
    assert scores["accuracy"] == pytest.approx(top1)
    assert result.task_results[0].scores["test"][0]["accuracy"] == pytest.approx(top1)
    assert 0.2 < top1 < 0.9
