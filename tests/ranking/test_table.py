import tracemalloc

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from polysteer.currency import is_current
from polysteer.errors import ArtifactError, ConfigError, MaskError
from polysteer.masks import ExpertMask, NeuronTable
from polysteer.ranking.activation import INACTIVE, score_activations
from polysteer.ranking.experts import Provenance, build_control, build_mask, rebuild_mask
from polysteer.ranking.rules import SelectionRule, select_experts
from polysteer.ranking.table import RankTable, narrow_table, rank_responses
from polysteer.responses.shards import LanguageIndex, Shard, write_index, write_shard
from polysteer.responses.store import ResponseStore

NEURONS = NeuronTable(("attn.out", "mlp.out"), (8, 20), 3)
LANGUAGES = ("en", "ja", "fr")
PROVENANCE = Provenance("some/model", "abc", "llama", "0123456789abcdef", "max", "corpus-1")


@pytest.fixture(params=["F16", "BF16"])
def responses(request):
    """By language float32 values that 16 bits hold exactly: pooled (84, sentences), tokens (84, tokens)."""
    rng = np.random.default_rng(0)
    half = np.float16 if request.param == "F16" else np.uint16
    by_language = {}
    for number, language in enumerate(LANGUAGES):
        pooled = rng.integers(-20, 20, size=(84, 30 + number)) / 4 + number * rng.integers(0, 2, size=(84, 1))
        tokens = rng.integers(-20, 20, size=(84, 101)) / 4
        by_language[language] = (pooled.astype(np.float32), tokens.astype(np.float32))
    return half, request.param, by_language


def to_half(values, half):
    return values.astype(half) if half == np.float16 else (values.view(np.uint32) >> 16).astype(half)


@pytest.fixture
def store(responses, tmp_path):
    half, dtype, by_language = responses
    for language, (pooled, tokens) in by_language.items():
        index = LanguageIndex("f", language, pooled.shape[1], 20, dtype, "max", NEURONS)
        for number, part in enumerate((tokens[:, :70], tokens[:, 70:])):
            sentences = index.sentences_of(number)
            shard = Shard(
                n_tokens=part.shape[1],
                pooled=to_half(pooled[:, sentences.start : sentences.stop], half),
                sample=to_half(part, half),
                mean=part.mean(axis=1, dtype=np.float64),
                squares=((part - part.mean(axis=1, keepdims=True)) ** 2).sum(axis=1, dtype=np.float64),
                n_above_zero=(part > 0).sum(axis=1),
            )
            write_shard(tmp_path, index, number, shard)
        write_index(tmp_path, index)
    return ResponseStore(tmp_path, LANGUAGES)


@pytest.fixture
def table(store):
    values = ("pooled_median", "token_median", "token_mean")
    return rank_responses(store, scores=("ap", "auroc"), values=values, memory_bytes=5_000)


def test_the_table_holds_scores_and_values_of_all_neurons(table, responses):
    _, _, by_language = responses
    pooled = np.concatenate([by_language[language][0] for language in LANGUAGES], axis=1)
    of_sentence = np.repeat([0, 1, 2], [30, 31, 32])
    for row, language in enumerate(LANGUAGES):
        expected = [average_precision_score(of_sentence == row, neuron) for neuron in pooled]
        np.testing.assert_allclose(table.scores_of("ap")[row], expected, atol=1e-6)
        own_pooled, tokens = by_language[language]
        np.testing.assert_allclose(table.values_of("pooled_median", language), np.median(own_pooled, axis=1))
        np.testing.assert_allclose(table.values_of("token_median", language), np.median(tokens, axis=1))
        np.testing.assert_allclose(table.values_of("token_mean", language), tokens.mean(axis=1), rtol=1e-6)


def test_chosen_sentences_are_ranked_alone_and_tokens_stay_those_of_all(store, responses):
    _, _, by_language = responses
    rows = {"en": np.array([3, 0, 29]), "ja": np.array([25, 4]), "fr": np.arange(31, 20, -1)}
    values = ("pooled_median", "token_mean")
    table = rank_responses(store.choose(rows), scores=("ap",), values=values, memory_bytes=5_000)
    pooled = np.concatenate([by_language[name][0][:, rows[name]] for name in LANGUAGES], axis=1)
    of_sentence = np.repeat([0, 1, 2], [3, 2, 11])
    for row, language in enumerate(LANGUAGES):
        expected = [average_precision_score(of_sentence == row, neuron) for neuron in pooled]
        np.testing.assert_allclose(table.scores_of("ap")[row], expected, atol=1e-6)
        own, tokens = by_language[language]
        medians = np.median(own[:, rows[language]], axis=1)
        np.testing.assert_allclose(table.values_of("pooled_median", language), medians)
        np.testing.assert_allclose(table.values_of("token_mean", language), tokens.mean(axis=1), rtol=1e-6)


@pytest.mark.parametrize("wrong", [[], [-1], [31]])
def test_sentences_that_are_not_there_cannot_be_chosen(store, wrong):
    rows = {"en": np.array([0]), "fr": np.array([0]), "ja": np.array(wrong, dtype=np.int64)}
    with pytest.raises(ArtifactError, match=r"of ja the sentences .* there are 0 to 30"):
        store.choose(rows)


def test_a_mask_is_rebuilt_from_another_table_with_its_own_rule(table, store):
    rule = SelectionRule(per="block", ends="both", exclusive=True)
    asked = {"target": "ja", "experts": "union", "score": "auroc", "k": 4, "rule": rule}
    mask = build_mask(table, PROVENANCE, value="token_median", **asked)
    fewer = {name: np.arange(12) for name in LANGUAGES}
    other = rank_responses(store.choose(fewer), scores=("auroc",), values=("pooled_mean",))
    rebuilt = rebuild_mask(other, mask.metadata, value="pooled_mean")
    expected = build_mask(other, PROVENANCE, value="pooled_mean", **asked)
    assert rebuilt.metadata == expected.metadata
    for name, array in expected.arrays().items():
        np.testing.assert_array_equal(rebuilt.arrays()[name], array)
    control = build_control(table, mask, seed=0, draw=0)
    with pytest.raises(MaskError, match="mask of random experts"):
        rebuild_mask(other, control.metadata, value="pooled_mean")


def test_variance_of_shards_is_that_of_all_tokens(store, responses):
    tokens = responses[2]["ja"][1]
    found = store.read_neurons(10, 40).by_language["ja"].tokens
    np.testing.assert_allclose(found.variance, tokens[10:40].var(axis=1), rtol=1e-6)
    assert (found.n_above_zero == (tokens[10:40] > 0).sum(axis=1)).all()
    assert found.n_tokens == 101


def test_a_table_comes_back_and_says_what_it_is_of(table, tmp_path):
    path = tmp_path / "table.safetensors"
    table.save(path, stamp="s1")
    assert is_current(path, "s1")
    loaded = RankTable.load(path)
    assert (loaded.languages, loaded.neurons) == (table.languages, table.neurons)
    for name in ("ap", "auroc"):
        assert (loaded.scores_of(name) == table.scores_of(name)).all()
    assert (loaded.values_of("token_mean", "fr") == table.values_of("token_mean", "fr")).all()
    assert not is_current(path, "s2")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ArtifactError, match="whole safetensors file"):
        RankTable.load(path)


def make(table, **changes):
    choice = {"target": "ja", "experts": "own", "score": "ap", "k": 0.1, "value": "token_median"}
    return build_mask(table, PROVENANCE, **{**choice, **changes})


def neurons_of(mask):
    rows = zip(mask.site.tolist(), mask.block.tolist(), mask.unit.tolist(), strict=True)
    return [block * 8 + unit if site == 0 else 24 + block * 20 + unit for site, block, unit in rows]


def test_own_experts_are_the_target_s_best_at_its_values(table, tmp_path):
    mask = make(table)
    scores = table.scores_of("ap")[1]
    best = sorted(sorted(range(84), key=lambda neuron: (-scores[neuron], neuron))[:8])
    assert neurons_of(mask) == best
    assert mask.score.tolist() == scores[best].tolist()
    assert mask.value.tolist() == table.values_of("token_median", "ja")[best].tolist()
    mask.save(tmp_path / "mask.safetensors")
    assert ExpertMask.load(tmp_path / "mask.safetensors").metadata == mask.metadata


def test_the_union_is_of_all_languages_at_the_target_s_values(table):
    mask = make(table, experts="union")
    assert neurons_of(mask) == sorted(
        {n for target in LANGUAGES for n in neurons_of(make(table, target=target))}
    )
    assert mask.value.tolist() == table.values_of("token_median", "ja")[neurons_of(mask)].tolist()
    assert mask.score.tolist() == table.scores_of("ap").max(axis=0)[neurons_of(mask)].tolist()


@pytest.mark.parametrize("experts", ["own", "union"])
def test_a_control_holds_other_neurons_at_their_own_target_values(table, experts):
    mask = make(table, experts=experts)
    controls = [build_control(table, mask, seed=0, draw=draw) for draw in range(3)]
    for draw, control in enumerate(controls):
        places = list(zip(control.site.tolist(), control.block.tolist(), strict=True))
        assert places == list(zip(mask.site.tolist(), mask.block.tolist(), strict=True))
        assert control.value.tolist() == table.values_of("token_median", "ja")[neurons_of(control)].tolist()
        assert control.metadata.experts == "random"
        assert (control.metadata.control_of, control.metadata.draw) == (experts, draw)
    assert len({tuple(neurons_of(control)) for control in controls}) == 3


def test_what_was_not_ranked_is_refused(table):
    for change in ({"target": "de"}, {"score": "lape"}, {"value": "p90"}, {"experts": "theirs"}, {"k": 0}):
        with pytest.raises(ConfigError, match=str(next(iter(change.values())))):
            make(table, **change)


EVERYTHING = ("auroc", "mean", "deviation", "source_mean", "source_deviation", "slope")


@pytest.fixture
def full_table(store):
    return rank_responses(
        store,
        scores=("ap", "mean_diff", "lape"),
        values=("token_mean", "others_token_mean"),
        statistics=EVERYTHING,
        memory_bytes=5_000,
    )


def test_lape_is_of_all_neurons_together_however_they_are_read(full_table, store, responses):
    tokens = [responses[2][language][1] for language in LANGUAGES]
    counts = np.stack([(one > 0).sum(axis=1) for one in tokens])
    expected = score_activations(counts, np.array([one.shape[1] for one in tokens])).astype(np.float32)
    assert (full_table.scores_of("lape") == expected).all()
    whole = rank_responses(store, scores=("lape",), values=())
    assert (whole.scores_of("lape") == expected).all()


@pytest.mark.parametrize("sites", [("attn.out",), ("mlp.out",)])
def test_a_table_of_some_sites_is_that_of_their_neurons(full_table, store, responses, sites):
    found = narrow_table(full_table, store, sites)
    kept = list(range(24)) if sites == ("attn.out",) else list(range(24, 84))
    assert found.neurons.n_neurons == len(kept)
    for tables, whole in ((found.values, full_table.values), (found.statistics, full_table.statistics)):
        assert all((tables[name] == whole[name][:, kept]).all() for name in whole)
    assert (found.scores_of("ap") == full_table.scores_of("ap")[:, kept]).all()
    tokens = [responses[2][language][1][kept] for language in LANGUAGES]
    counts = np.stack([(one > 0).sum(axis=1) for one in tokens])
    expected = score_activations(counts, np.array([one.shape[1] for one in tokens])).astype(np.float32)
    assert (found.scores_of("lape") == expected).all()
    places = found.neurons.locate(np.arange(len(kept)))
    names = [found.neurons.name(number) for number in range(len(kept))]
    assert names == [store.neurons.name(number) for number in kept]
    assert (found.neurons.number(places) == np.arange(len(kept))).all()


def test_a_table_has_no_other_sites(full_table):
    assert full_table.only(full_table.neurons.sites) is full_table
    with pytest.raises(MaskError, match=r"there is no mlp.gate among the sites"):
        full_table.only(["mlp.gate"])


def test_statistics_are_those_of_the_tokens(full_table, responses):
    by_language = responses[2]
    others = np.concatenate([by_language["en"][1], by_language["fr"][1]], axis=1).astype(np.float64)
    ja = by_language["ja"][1].astype(np.float64)
    expected = {
        "mean": ja.mean(axis=1),
        "deviation": ja.std(axis=1),
        "source_mean": others.mean(axis=1),
        "source_deviation": others.std(axis=1),
    }
    for name, numbers in expected.items():
        np.testing.assert_allclose(full_table.statistics[name][1], numbers, rtol=1e-5, atol=1e-6)
    pooled = np.concatenate([by_language[language][0] for language in LANGUAGES], axis=1)
    truth = np.repeat([0, 1, 2], [30, 31, 32]) == 1
    expected_auroc = [roc_auc_score(truth, neuron) for neuron in pooled]
    np.testing.assert_allclose(full_table.statistics["auroc"][1], expected_auroc, atol=1e-6)


@pytest.mark.parametrize("source", [None, "fr"])
def test_statistics_and_their_source_come_back(store, tmp_path, source):
    table = rank_responses(
        store, scores=("ap",), values=("token_mean",), statistics=EVERYTHING, source=source
    )
    table.save(tmp_path / "table.safetensors", stamp="s")
    loaded = RankTable.load(tmp_path / "table.safetensors")
    assert loaded.source == source
    assert loaded.source_languages("ja") == (["fr"] if source else ["en", "fr"])
    for name in EVERYTHING:
        assert (loaded.statistics[name] == table.statistics[name]).all()


def test_masks_and_controls_carry_what_interventions_need(full_table, tmp_path):
    mask = build_mask(
        full_table, PROVENANCE, target="ja", experts="own", score="ap", k=0.1, value="others_token_mean"
    )
    control = build_control(full_table, mask, seed=0, draw=1)
    for made in (mask, control):
        made.save(tmp_path / "mask.safetensors")
        loaded = ExpertMask.load(tmp_path / "mask.safetensors")
        assert loaded.metadata.source_languages == ["en", "fr"]
        chosen = neurons_of(loaded)
        for name in EVERYTHING:
            assert (getattr(loaded, name) == full_table.statistics[name][1, chosen]).all()
    assert neurons_of(control) != neurons_of(mask)


def test_lape_experts_are_those_of_all_languages_k(full_table):
    scores = full_table.scores_of("lape")
    masks = {
        language: make(full_table, score="lape", target=language, value="token_mean", k=0.2)
        for language in LANGUAGES
        if (scores[LANGUAGES.index(language)] > INACTIVE).any()
    }
    union = make(full_table, score="lape", experts="union", value="token_mean", k=0.2)
    assert sorted({n for mask in masks.values() for n in neurons_of(mask)}) == neurons_of(union)
    assert len(union) <= 17
    assert union.score.min() >= 0


def test_a_rule_is_written_into_the_mask(table):
    rule = SelectionRule(per="block", ends="both", exclusive=True)
    mask = make(table, rule=rule, k=6)
    metadata = mask.metadata
    assert (metadata.k_per, metadata.ends, metadata.exclusive) == ("block", "both", True)
    chosen = {
        language: select_experts(table.scores_of("ap")[i], NEURONS, 6, rule)
        for i, language in enumerate(LANGUAGES)
    }
    others = {*chosen["en"].tolist(), *chosen["fr"].tolist()}
    assert neurons_of(mask) == [n for n in chosen["ja"].tolist() if n not in others]
    above = make(table, k=None, rule=SelectionRule(threshold=0.5))
    assert above.metadata.k is None
    assert above.metadata.threshold == 0.5
    assert neurons_of(above) == np.flatnonzero(table.scores_of("ap")[1] >= 0.5).tolist()


def test_no_expert_at_all_is_refused_with_a_remedy(table):
    with pytest.raises(
        ConfigError, match=r"no neuron is left as an expert of ja by ap .* lower the threshold"
    ):
        make(table, k=None, rule=SelectionRule(threshold=1.5))
    with pytest.raises(ConfigError, match=r"has \S+: raise k, or let languages share experts$"):
        make(table, k=1.0 * NEURONS.n_neurons, rule=SelectionRule(exclusive=True))


def test_a_language_without_experts_by_lape_has_an_empty_mask_and_others_go_on(full_table):
    scores = full_table.scores_of("lape")
    n_best = int(np.argmax(scores.max(axis=0)))
    has = scores[:, n_best] != -1
    assert has.any()
    assert not has.all()
    for language, active in zip(LANGUAGES, has, strict=True):
        mask = make(full_table, score="lape", target=language, value="token_mean", k=1)
        assert neurons_of(mask) == ([n_best] if active else [])
        assert len(build_control(full_table, mask, seed=0, draw=0)) == len(mask)
    with pytest.raises(ConfigError, match="lower the threshold, which is 9"):
        make(full_table, score="lape", value="token_mean", k=None, rule=SelectionRule(threshold=9))


def test_ranking_stays_within_its_memory(tmp_path):
    neurons, rng = NeuronTable(("mlp.out",), (3000,), 1), np.random.default_rng(0)
    for language in LANGUAGES:
        index = LanguageIndex("f", language, 2000, 2000, "F16", "max", neurons)
        pooled = rng.normal(size=(3000, 2000)).astype(np.float16)
        zeros = np.zeros(3000)
        shard = Shard(5, pooled, pooled[:, :200], zeros, zeros, zeros.astype(np.int64))
        write_shard(tmp_path, index, 0, shard)
        write_index(tmp_path, index)
    del pooled, shard
    store, budget = ResponseStore(tmp_path, LANGUAGES), 16 << 20
    tracemalloc.start()
    rank_responses(
        store,
        scores=("ap", "auroc", "mean_diff", "lape"),
        values=(
            "pooled_median",
            "pooled_p90",
            "pooled_mean",
            "token_median",
            "token_mean",
            "others_token_mean",
        ),
        statistics=EVERYTHING,
        memory_bytes=budget,
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < budget
