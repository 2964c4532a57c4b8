"""Rows of geometry, ABX and probes: what they are made from, and where there are none."""

import weakref
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pytest

from polysteer.config import Experiment
from polysteer.corpus.corpus_schema import SCHEMA
from polysteer.corpus.corpus_table import Corpus
from polysteer.evaluation.case import Case
from polysteer.evaluation.condition import list_condition
from polysteer.evaluation.layer_ranks import list_rank_correlations
from polysteer.evaluation.spaces import Spaces
from polysteer.evaluation.topics import read_topics
from polysteer.layout import ExperimentLayout
from polysteer.metrics.abx import measure_abx
from polysteer.metrics.geometry import measure_centroids, measure_cka
from polysteer.metrics.pairing import SharedRows
from polysteer.metrics.registry import REGISTERED
from polysteer.store import MetricRow
from polysteer.store.files import write_metrics

LANGUAGES = ("de", "en", "ja")
BASE = MetricRow(experiment="try", model="m", fingerprint="0123456789abcdef")
TOPICS = ["x", "y", "z"]


def make_corpus(topic_of=lambda _lang, number: TOPICS[number % 3], languages=LANGUAGES):
    rows = [
        {"id": f"{split}{n:02}", "lang": lang, "split": split, "text": f"{lang} {split} {n}", "topic": topic}
        for lang in languages
        for split in ("find", "dev", "test")
        for n in range(12)
        for topic in [topic_of(lang, n)]
    ]
    return Corpus(pa.Table.from_pylist(rows, schema=SCHEMA))


def make_case(corpus, families=("geometry", "abx", "probes")):
    settings = {
        "model": "m",
        "corpus": {"source": "builtin", "languages": list(LANGUAGES), "find": 12, "dev": 12, "test": 12},
        "targets": [],
        **{section: {} for section in ("collect", "rank", "steer", "embed")},
        "evaluate": {"families": families, "resamples": 100},
    }
    return Case(Experiment.model_validate(settings), corpus, ExperimentLayout(None), [], BASE)


@pytest.fixture
def spaces():
    generator = np.random.default_rng(3)

    def draw():
        meanings = generator.standard_normal((12, 6))
        return {
            lang: (meanings + generator.standard_normal((12, 6)) + generator.standard_normal(6)).astype("f4")
            for lang in LANGUAGES
        }

    return (Spaces({"0": draw(), "final": draw()}, {}) for _ in range(2))


class OnDemand(Mapping):
    """Layers that are made when they are asked for: which were, and how many are held at once."""

    def __init__(self, by_layer):
        self._by_layer, self._held = by_layer, []
        self.asked, self.most_held = [], 0

    def __getitem__(self, layer):
        made = {language: rows.copy() for language, rows in self._by_layer[layer].items()}
        self._held.append(weakref.ref(made["de"]))
        self.asked.append(layer)
        self.most_held = max(self.most_held, sum(one() is not None for one in self._held))
        return made

    def __iter__(self):
        return iter(self._by_layer)

    def __len__(self):
        return len(self._by_layer)


def run(case, find, test, picked=("final",)):
    return list(list_condition(case, BASE, find, test, picked=picked, targets=()))


def test_layers_are_those_of_find_and_details_those_picked(spaces, tmp_path):
    find, test = spaces
    rows = run(make_case(make_corpus()), find, test)
    write_metrics(tmp_path / "rows.parquet", rows)  # refuses two rows of the same thing
    of_layer = {layer: [row for row in rows if row.layer == layer] for layer in ("0", "final")}
    metrics = {row.metric for row in rows}
    in_detail = {"top5", "mrr", "csls_top1", "margin_top1", "xsim_error", "bitext_accuracy", "bitext_f1"}
    of_space = {one.name for one in REGISTERED if one.module and one.family in ("geometry", "abx", "probes")}
    assert sorted(row.metric for row in of_layer["0"]) == sorted(of_space | {"top1"})
    assert {row.metric for row in of_layer["final"]} == metrics == of_space | {"top1"} | in_detail
    for metric in ("abx_language", "cka", "mexa"):
        pairs = {(row.source, row.reference) for row in rows if row.metric == metric}
        assert pairs == {("*", "*")} | {(a, b) for a in LANGUAGES for b in LANGUAGES if a != b}
    cka = {(row.source, row.reference): row.value for row in rows if row.metric == "cka" and row.layer != "0"}
    assert cka["de", "ja"] == cka["ja", "de"] != cka["en", "ja"]
    searched = {"mexa", "top1", *in_detail}
    assert {row.candidates for row in rows if row.metric in searched} == {12}
    assert {row.candidates for row in rows if row.metric not in searched} == {None}
    only = Spaces({"final": find.by_layer["final"]}, {})
    fitted = [row for row in run(make_case(make_corpus()), only, test) if row.metric not in searched]
    assert {row.layer for row in fitted} == {"final"}


def test_one_layer_is_held_at_a_time_and_read_once(spaces):
    find, test = spaces
    case = make_case(make_corpus())
    expected = run(case, find, test)
    lazy = [Spaces(OnDemand(one.by_layer), {}) for one in (find, test)]
    assert run(case, *lazy) == expected
    assert [one.by_layer.asked for one in lazy] == [["0", "final"]] * 2
    assert [one.by_layer.most_held for one in lazy] == [1, 1]


def test_families_that_are_not_asked_for_have_no_rows(spaces):
    find, test = spaces
    rows = run(make_case(make_corpus(), ("retrieval", "abx")), find, test)
    assert {row.metric for row in rows if row.layer == "0"} == {"top1", "abx_language", "abx_meaning"}


def test_topics_that_some_languages_lack_leave_those_meanings_out(spaces):
    find, test = spaces
    corpus = make_corpus(lambda lang, n: None if lang == "ja" and n < 4 else TOPICS[n % 3])
    topics = read_topics(corpus)
    assert topics.test.rows["de"].tolist() == list(range(4, 12))
    assert [len(topics.find.labels[lang]) for lang in LANGUAGES] == [12, 12, 8]
    by_metric = {row.metric: row for row in run(make_case(corpus), find, test) if row.source == "*"}
    assert by_metric["probe_topic"].n == 8
    assert by_metric["probe_language"].n == 12


@pytest.mark.parametrize(
    "topic_of", [lambda *_: None, lambda *_: "x", lambda lang, n: lang if n == 1 else None]
)
def test_without_two_topics_there_is_no_topic_probe(spaces, topic_of):
    find, test = spaces
    corpus = make_corpus(topic_of)
    assert read_topics(corpus) is None
    assert "probe_topic" not in {row.metric for row in run(make_case(corpus), find, test)}


def test_one_vector_for_all_sentences_leaves_out_what_is_not_defined(spaces):
    find, test = spaces
    same = {lang: np.full((12, 6), 0.1, dtype=np.float32) for lang in LANGUAGES}
    test.by_layer["0"].update(same)
    at_layer = {
        row.metric: row.value for row in run(make_case(make_corpus()), find, test) if row.layer == "0"
    }
    assert not at_layer.keys() & {"cka", "isoscore", "explained_variance", "centroid_distance_relative"}
    assert (at_layer["abx_language"], at_layer["abx_meaning"]) == (0.5, 0.5)
    assert (at_layer["centroid_distance"], at_layer["mexa"], at_layer["silhouette"]) == (0, 0, 0)


def test_languages_that_share_some_sentences_are_measured_pair_by_pair(spaces):
    """de and en share nothing; each shares other sentences with ja."""
    find, test = spaces
    rows = {"de": np.arange(0, 7), "en": np.arange(5, 12)}
    shared = {(lang, "ja"): SharedRows(own, own, own) for lang, own in rows.items()}
    found = run(make_case(make_corpus()), find, Spaces(test.by_layer, {}, shared))
    metrics = {row.metric for row in found if row.layer == "0"}
    assert metrics >= {
        *("abx_language", "abx_meaning", "cka", "mexa", "centroid_distance", "centroid_distance_relative"),
        "top1",
    }
    assert not metrics & {"isoscore", "explained_variance", "nearest_centroid", "silhouette"}
    assert not any(name.startswith("probe_") for name in metrics)
    values = {(row.metric, row.source, row.reference): row.value for row in found if row.layer == "final"}
    for lang, own in rows.items():
        two = {name: test.by_layer["final"][name][own] for name in (lang, "ja")}
        scores = measure_abx(two)
        assert values["abx_language", lang, "ja"] == pytest.approx(scores.language.by_pair[0])
        assert values["abx_meaning", "ja", lang] == pytest.approx(scores.meaning.by_pair[1])
        assert values["cka", lang, "ja"] == pytest.approx(measure_cka(two).values.mean())
        distance = measure_centroids(two).raw.values.mean()
        assert values["centroid_distance", lang, "ja"] == pytest.approx(distance)
    mean = np.mean([values["cka", lang, "ja"] for lang in rows])
    assert values["cka", "*", "*"] == pytest.approx(mean)


def test_ranks_that_never_change_and_too_few_layers_have_no_correlation():
    def make(metric, values):
        pairs = zip(("0", "1", "final"), values, strict=False)
        return [MetricRow(**BASE.__dict__ | {"metric": metric, "layer": at, "value": v}) for at, v in pairs]

    def correlate(abx, probe):
        rows = make("abx_language", abx) + make("probe_language", probe)
        return [(row.metric, row.value, row.n) for row in list_rank_correlations(rows, BASE)]

    assert correlate([0.9, 0.8, 0.7], [0.5, 0.4, 0.6]) == [
        ("abx_language_rank_correlation", pytest.approx(-0.5), 3)
    ]
    assert correlate([0.9, 0.8, 0.7], [1.0, 1.0, 1.0]) == []
    assert correlate([0.9, 0.8], [0.5, 0.4]) == []
