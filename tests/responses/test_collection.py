import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from polysteer.errors import ArtifactError, CorpusError, NumericError
from polysteer.ranking.half import to_float32
from polysteer.responses import collection
from polysteer.responses.collection import collect_poolings, collect_responses
from polysteer.responses.store import ResponseStore, find_uncollected


def read_by_hand(model, tokenizer, text):
    """Values of all neurons at a text's real tokens, the text alone in its batch: (neurons, tokens)."""
    values = {}

    def keep(name, side):
        def hook(_module, args, output):
            values[name] = (args[0] if side == "input" else output)[0, 1:].float()  # without BOS

        return hook

    handles = []
    for number, block in enumerate(model.model.layers):
        attention = block.self_attn
        for part in ("q_proj", "k_proj", "v_proj", "o_proj"):
            handles.append(getattr(attention, part).register_forward_hook(keep((part, number), "output")))
        handles.append(block.mlp.down_proj.register_forward_hook(keep(("hidden", number), "input")))
    with torch.no_grad():
        model(**tokenizer(text, return_tensors="pt"))
    for handle in handles:
        handle.remove()
    blocks = range(len(model.model.layers))
    columns = [values[part, block] for block in blocks for part in ("q_proj", "k_proj", "v_proj")]
    columns += [values["hidden", block] for block in blocks]
    columns += [values["o_proj", block] for block in blocks]
    return torch.cat(columns, dim=1).T.numpy()


@pytest.fixture(scope="module")
def by_hand(model, tokenizer, texts_by_language):
    return {
        language: [read_by_hand(model, tokenizer, text) for text in texts]
        for language, texts in texts_by_language.items()
    }


def read_store(folder, languages=("en", "ja", "fr")):
    store = ResponseStore(folder, languages)
    return store, store.read_neurons(0, store.neurons.n_neurons).by_language


def all_bytes(folder: Path):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("pool", "memory_bytes"), [("max", 1 << 20), ("mean", 1 << 20), ("max", 2 * 216 * 7)]
)
def test_responses_and_statistics_are_what_the_model_does_by_hand(
    model, tokenizer, texts_by_language, settings, by_hand, tmp_path, pool, memory_bytes
):
    settings = replace(settings, pool=pool)
    collect_responses(model, tokenizer, texts_by_language, tmp_path, settings, memory_bytes=memory_bytes)
    store, found = read_store(tmp_path)
    assert store.neurons.n_neurons == 3 * (16 + 8 + 8 + 24 + 16)
    for language, values in by_hand.items():
        reduce = np.max if pool == "max" else np.mean
        expected = np.stack([reduce(text, axis=1) for text in values], axis=1)
        np.testing.assert_allclose(found[language].pooled, expected, rtol=2e-3, atol=1e-5)
        tokens = np.concatenate(values, axis=1)
        statistics = found[language].tokens
        assert statistics.n_tokens == store.n_tokens(language) == tokens.shape[1]
        np.testing.assert_allclose(statistics.mean, tokens.mean(axis=1), rtol=1e-4, atol=1e-7)
        np.testing.assert_allclose(statistics.variance, tokens.var(axis=1), rtol=1e-4)
        assert (statistics.n_above_zero == (tokens > 0).sum(axis=1)).all()


def test_the_sample_is_of_real_tokens_each_at_most_once(
    model, tokenizer, texts_by_language, settings, by_hand, tmp_path
):
    collect_responses(model, tokenizer, texts_by_language, tmp_path, settings)
    for language, responses in read_store(tmp_path)[1].items():
        tokens = np.concatenate(by_hand[language], axis=1)
        sample = responses.tokens.sample.astype(np.float32)
        assert sample.shape == (216, 50)
        distance = np.abs(sample[:, :, None] - tokens[:, None, :]).max(axis=0)
        nearest = distance.argmin(axis=1)
        assert distance.min(axis=1).max() < 1e-3
        for token, n_sampled in zip(*np.unique(nearest, return_counts=True), strict=True):
            n_alike = (np.abs(tokens - tokens[:, [token]]).max(axis=0) < 1e-6).sum()
            assert n_sampled <= n_alike  # the same word at the start of two texts has the same values


def test_a_sample_larger_than_the_text_is_all_tokens(
    model, tokenizer, texts_by_language, settings, by_hand, tmp_path
):
    settings = replace(settings, n_sampled_tokens=10_000)
    collect_responses(model, tokenizer, texts_by_language, tmp_path, settings)
    sample = read_store(tmp_path)[1]["ja"].tokens.sample
    tokens = np.concatenate(by_hand["ja"], axis=1)
    np.testing.assert_allclose(np.sort(sample, axis=1), np.sort(tokens, axis=1), rtol=2e-3, atol=1e-4)


def test_bfloat16_is_stored_as_it_is(model, tokenizer, texts_by_language, settings, tmp_path):
    model = copy.deepcopy(model).to(torch.bfloat16)
    settings = replace(settings, token_budget=1)  # one text a batch, as by hand
    collect_responses(model, tokenizer, {"en": texts_by_language["en"]}, tmp_path, settings)
    pooled = read_store(tmp_path, ["en"])[1]["en"].pooled
    assert pooled.dtype == np.uint16
    values = [read_by_hand(model, tokenizer, text) for text in texts_by_language["en"]]
    expected = np.stack([text.max(axis=1) for text in values], axis=1)
    assert (to_float32(pooled) == expected).all()


def test_a_killed_run_goes_on_and_gives_the_same_bytes(
    model, tokenizer, texts_by_language, settings, tmp_path, monkeypatch
):
    budget = 2 * 216 * 9  # nine sentences a shard
    collect_responses(model, tokenizer, texts_by_language, tmp_path / "whole", settings, memory_bytes=budget)
    made = []
    write = collection.write_shard

    def write_and_die(folder, index, number, shard):
        write(folder, index, number, shard)
        made.append((index.language, number))
        if len(made) in (3, 8):
            raise KeyboardInterrupt

    monkeypatch.setattr(collection, "write_shard", write_and_die)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            collect_responses(
                model, tokenizer, texts_by_language, tmp_path / "killed", settings, memory_bytes=budget
            )
    assert find_uncollected(tmp_path / "killed", texts_by_language, settings) == ["ja", "fr"]
    collect_responses(model, tokenizer, texts_by_language, tmp_path / "killed", settings, memory_bytes=budget)
    assert len(made) == len(set(made)) == 15
    assert all_bytes(tmp_path / "killed") == all_bytes(tmp_path / "whole")


def test_several_poolings_are_read_once_and_are_what_each_is_alone(
    model, tokenizer, texts_by_language, settings, tmp_path
):
    budget, n_texts = 2 * 216 * 9, []
    by_folder = {tmp_path / "both": settings, tmp_path / "both" / "mean": replace(settings, pool="mean")}

    def see(_module, _args, given):
        if given["use_cache"] is False:  # else it is what finds the model's parts
            n_texts.append(len(given["input_ids"]))

    handle = model.model.register_forward_pre_hook(see, with_kwargs=True)
    collect_poolings(model, tokenizer, texts_by_language, by_folder, memory_bytes=budget)
    assert sum(n_texts) == 120
    shard = tmp_path / "both" / "mean" / "ja" / "shard-00004.safetensors"
    for path in (shard, shard.with_name("index.json")):
        path.unlink()
    n_texts.clear()
    collect_poolings(model, tokenizer, texts_by_language, by_folder, memory_bytes=budget)
    assert sum(n_texts) == 4  # what the lost shard held of 40, nine to a shard
    handle.remove()
    alone = {folder: tmp_path / settings.pool for folder, settings in by_folder.items()}
    for folder, own in by_folder.items():
        collect_responses(model, tokenizer, texts_by_language, alone[folder], own, memory_bytes=budget)
        found = all_bytes(folder)
        assert all(found[name] == content for name, content in all_bytes(alone[folder]).items())


def test_only_what_changed_is_read_again(model, tokenizer, texts_by_language, settings, tmp_path):
    two = {language: texts_by_language[language] for language in ("en", "ja")}
    collect_responses(model, tokenizer, two, tmp_path, settings)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.safetensors")}
    assert find_uncollected(tmp_path, two, settings) == []
    assert find_uncollected(tmp_path, texts_by_language, settings) == ["fr"]
    changed = {"en": [*texts_by_language["en"][:-1], "w1 w2"], "ja": texts_by_language["ja"]}
    assert find_uncollected(tmp_path, changed, settings) == ["en"]
    for other in (
        replace(settings, source="model-2"),
        replace(settings, pool="mean"),
        replace(settings, seed=1),
    ):
        assert find_uncollected(tmp_path, two, other) == ["en", "ja"]
    collect_responses(model, tokenizer, texts_by_language, tmp_path, settings)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert (tmp_path / "fr" / "index.json").exists()


def test_a_damaged_shard_is_named_with_its_remedy_and_made_again(
    model, tokenizer, texts_by_language, settings, tmp_path
):
    collect_responses(model, tokenizer, texts_by_language, tmp_path, settings)
    before = all_bytes(tmp_path)
    shard = tmp_path / "ja" / "shard-00000.safetensors"
    shard.write_bytes(shard.read_bytes()[:-10])
    with pytest.raises(ArtifactError, match=rf"{shard}.*run `steer collect`"):
        ResponseStore(tmp_path, ["en", "ja", "fr"])
    assert find_uncollected(tmp_path, texts_by_language, settings) == ["ja"]
    collect_responses(model, tokenizer, texts_by_language, tmp_path, settings)
    assert all_bytes(tmp_path) == before


def test_a_shard_of_another_run_is_never_read_as_fresh(
    model, tokenizer, texts_by_language, settings, tmp_path
):
    collect_responses(model, tokenizer, texts_by_language, tmp_path / "new", settings)
    collect_responses(
        model, tokenizer, texts_by_language, tmp_path / "old", replace(settings, source="model-0")
    )
    name = Path("en") / "shard-00000.safetensors"
    (tmp_path / "new" / name).write_bytes((tmp_path / "old" / name).read_bytes())
    with pytest.raises(ArtifactError, match="another model, text or setting"):
        ResponseStore(tmp_path / "new", ["en"])


def test_unfinished_damaged_and_mixed_folders_are_refused(
    model, tokenizer, texts_by_language, settings, tmp_path
):
    with pytest.raises(ArtifactError, match=r"en/index\.json is not there; run `steer collect`"):
        ResponseStore(tmp_path, ["en"])
    collect_responses(model, tokenizer, {"en": texts_by_language["en"]}, tmp_path, settings)
    collect_responses(
        model, tokenizer, {"ja": texts_by_language["ja"]}, tmp_path, replace(settings, pool="mean")
    )
    with pytest.raises(ArtifactError, match="differ in sites, precision or pooling"):
        ResponseStore(tmp_path, ["en", "ja"])
    index = tmp_path / "en" / "index.json"
    for content in ("", "[]", '{"fingerprint": 1}', index.read_text().replace('"F16"', '"F64"')):
        index.write_text(content)
        with pytest.raises(
            ArtifactError, match=r"index.json (is damaged|has no checksum).*run `steer collect`"
        ):
            ResponseStore(tmp_path, ["en"])


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf"), 1e30])
def test_the_first_neuron_that_is_not_finite_is_named(
    model, tokenizer, texts_by_language, settings, tmp_path, bad
):
    broken = copy.deepcopy(model)

    def spoil(_module, _args, output):
        output[..., 5] = bad
        return output

    broken.model.layers[1].self_attn.o_proj.register_forward_hook(spoil)
    with pytest.raises(NumericError, match=r"attn\.out block 1 unit 5 .* of en"):
        collect_responses(broken, tokenizer, texts_by_language, tmp_path, settings)
    assert not list(tmp_path.rglob("*.safetensors"))


def test_a_text_without_real_tokens_is_refused(model, tokenizer, settings, tmp_path):
    with pytest.raises(CorpusError, match="text 1 of en"):
        collect_responses(model, tokenizer, {"en": ["w1 w2", "", "w3"]}, tmp_path, settings)


def test_chunks_cover_all_neurons_in_order_within_the_memory(
    model, tokenizer, texts_by_language, settings, tmp_path
):
    collect_responses(model, tokenizer, texts_by_language, tmp_path, settings, memory_bytes=2 * 216 * 9)
    store, whole = read_store(tmp_path)
    budget = 2 * (120 + 150) * 25
    chunks = list(store.read_chunks(memory_bytes=budget))
    assert [chunk.start for chunk in chunks] == list(range(0, 216, 25))
    for language in store.languages:
        pooled = np.concatenate([chunk.by_language[language].pooled for chunk in chunks])
        assert (pooled == whole[language].pooled).all()
        mean = np.concatenate([chunk.by_language[language].tokens.mean for chunk in chunks])
        assert (mean == whole[language].tokens.mean).all()
