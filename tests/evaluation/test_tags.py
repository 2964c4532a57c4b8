"""The tag probe on word vectors that are made so that tags can be read off them, or cannot."""

import numpy as np
import pyarrow as pa
import pytest

from polysteer.config import Experiment
from polysteer.corpus.corpus_schema import SCHEMA
from polysteer.corpus.corpus_table import Corpus
from polysteer.errors import ArtifactError
from polysteer.evaluation.case import Case
from polysteer.evaluation.tags import average_by_sentence, list_tag_probe
from polysteer.layout import ExperimentLayout
from polysteer.metrics.intervals import bootstrap_mean
from polysteer.store import MetricRow
from polysteer.trials.encoded import WordVectors, save_words

LANGUAGES = ("de", "en", "ja")
TAGS = ("NOUN", "VERB", "NOUN", "ADJ", "_")
BASE = MetricRow(experiment="try", model="m", fingerprint="0123456789abcdef")


def make_corpus(tags=TAGS):
    words = [f"w{i}" for i in range(len(tags))]
    rows = [
        {"id": f"{split}{n:02}", "lang": lang, "split": split, "text": " ".join(words)}
        | ({"tokens": words, "upos": list(tags)} if lang != "ja" else {})  # Japanese has no tags
        for lang in LANGUAGES
        for split in ("find", "dev", "test")
        for n in range(12)
    ]
    return Corpus(pa.Table.from_pylist(rows, schema=SCHEMA))


def make_case(folder, corpus, **sections):
    settings = {
        "model": "m",
        "corpus": {"source": "builtin", "languages": list(LANGUAGES), "find": 12, "dev": 12, "test": 12},
        "targets": [],
        **{section: {} for section in ("collect", "rank", "steer")},
        "embed": {"words": 2000},
        "evaluate": {"resamples": 100},
    }
    layout = ExperimentLayout(folder)
    return Case(Experiment.model_validate(settings | sections), corpus, layout, [], BASE)


@pytest.fixture
def make_files(tmp_path):
    """At layer 0 noise, at the final one a direction for each tag; the word without a tag is a verb's."""

    def make(tags=TAGS):
        generator = np.random.default_rng(0)
        layout = ExperimentLayout(tmp_path)
        kinds = ["NOUN", "VERB", "ADJ"]
        axis = np.array([kinds.index("VERB" if tag == "_" else tag) for tag in tags])
        for lang in LANGUAGES[:2]:
            for split, n_sentences in (("find", 12), ("test", 7)):
                sentence, word = np.divmod(np.arange(n_sentences * len(tags)), len(tags))
                vectors = generator.standard_normal((2, len(word), 6))
                vectors[1] += 9 * np.eye(6)[axis[word]]
                content = WordVectors(
                    ("0", "final"), vectors.astype("f4"), sentence.astype("i4"), word.astype("i4")
                )
                save_words(layout.words("baseline", split, lang), content, stamp="x")
        return tmp_path

    return make


def test_tags_are_read_off_where_they_stand_and_chance_is_the_commonest(make_files):
    case = make_case(make_files(), make_corpus())
    rows = list(list_tag_probe(case, BASE, "baseline", picked=["final"]))
    value = {(row.metric, row.layer, row.source): row.value for row in rows}
    assert value["probe_tag", "final", "*"] == 1
    assert value["probe_tag", "0", "*"] < 0.65
    assert value["probe_tag_chance", "0", "*"] == value["probe_tag_chance", "final", "*"] == 0.5
    assert {key for key in value if key[2] != "*"} == {
        ("probe_tag", "final", "de"), ("probe_tag", "final", "en"),
    }  # fmt: skip
    assert {row.n for row in rows} == {7}  # the same sentences in both languages
    assert {row.candidates for row in rows} == {None}
    assert all(0 <= row.ci_low <= row.value <= row.ci_high <= 1 for row in rows)


@pytest.mark.parametrize(
    ("tags", "sections"),
    [
        (TAGS, {"embed": {"words": 0}}),
        (TAGS, {"evaluate": {"families": ["abx"]}}),
        (("_", "_"), {}),
        (("NOUN", "NOUN"), {}),
    ],
)
def test_without_words_tags_or_a_second_tag_there_is_no_probe(make_files, tags, sections):
    case = make_case(make_files(tags), make_corpus(tags), **sections)
    assert list(list_tag_probe(case, BASE, "baseline", picked=[])) == []


def test_words_that_were_not_read_are_asked_for(tmp_path):
    with pytest.raises(ArtifactError, match="is not there; run `steer embed`"):
        list(list_tag_probe(make_case(tmp_path, make_corpus()), BASE, "baseline", picked=[]))


def test_a_share_of_words_has_the_interval_of_its_sentences():
    generator = np.random.default_rng(1)
    n_words = generator.integers(1, 30, 150)
    ease = generator.uniform(0.2, 1, 150)  # sentences differ, so words of one say the same
    hits = np.concatenate([generator.random(n) < p for n, p in zip(n_words, ease, strict=True)])
    sentences = np.repeat([f"s{i}" for i in range(150)], n_words).tolist()
    values = average_by_sentence(hits, sentences)
    assert len(values) == 150
    assert values.mean() == pytest.approx(hits.mean())
    found = bootstrap_mean(values, resamples=4000, seed=0)
    by_sentence = np.split(hits, np.cumsum(n_words)[:-1])
    shares = []
    for _ in range(4000):
        drawn = [by_sentence[i] for i in generator.integers(0, 150, 150)]
        shares.append(np.concatenate(drawn).mean())
    low, high = np.quantile(shares, [0.025, 0.975])
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.005)
    alone = bootstrap_mean(hits, resamples=1000, seed=0)
    assert high - low > 1.3 * (alone.high - alone.low)
