import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polysteer.corpus.corpus_schema import SCHEMA
from polysteer.corpus.corpus_table import Corpus
from polysteer.corpus.findings import Finding, Findings
from polysteer.errors import ArtifactError, CorpusError, LanguageError

MakeCorpus = Callable[..., Corpus]

ROWS = [
    ("b", "en", "find", "bee"),
    ("a", "en", "find", "ay"),
    ("c", "en", "test", "sea"),
    ("a", "ja", "find", "あ"),
    ("c", "ja", "test", "し"),
    ("d", "ja", "dev", "で"),
    ("b", "de", "find", "be"),
]


def test_texts_stand_in_the_order_of_the_sorted_ids(make_corpus: MakeCorpus) -> None:
    corpus = make_corpus(*ROWS)
    assert corpus.languages == ("de", "en", "ja")
    assert corpus.splits == ("find", "dev", "test")
    assert corpus.ids("find") == ["a", "b"]
    assert corpus.ids("find", "en") == ["a", "b"]
    assert corpus.texts("en", "find") == ["ay", "bee"]
    assert corpus.texts("de", "find") == ["be"]
    assert corpus.texts("en", "dev") == []
    assert corpus.topics("en", "find") == [None, None]


def test_pairs_are_known_not_assumed(make_corpus: MakeCorpus) -> None:
    corpus = make_corpus(*ROWS)
    assert corpus.pair_ids("en", "ja", "find") == ["a"]
    assert corpus.pair_ids("de", "ja", "find") == []
    pairing = corpus.pairing("en", "de", "find")
    assert pairing.ids == ["b"]
    assert [corpus.texts("en", "find")[row] for row in pairing.rows_a] == ["bee"]
    assert [corpus.texts("de", "find")[row] for row in pairing.rows_b] == ["be"]


def test_an_unknown_language_is_answered_with_the_nearest(make_corpus: MakeCorpus) -> None:
    corpus = make_corpus(*ROWS)
    for ask in (corpus.fingerprint, lambda lang: corpus.texts(lang, "find")):
        with pytest.raises(LanguageError, match="the corpus has no 'je'; there is de, en, ja"):
            ask("je")


sentences = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=5)


@given(st.lists(sentences, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_fingerprints_ignore_order_and_form_but_no_content(texts: list[str], random: Any) -> None:
    rows = [{"id": str(row), "lang": lang, "split": "find", "text": text}
            for row, text in enumerate(texts) for lang in ("en", "fi")]  # fmt: skip
    shuffled = [{**row, "text": unicodedata.normalize("NFD", row["text"])} for row in rows]
    random.shuffle(shuffled)
    changed = [{**row} for row in rows]
    changed[0]["text"] += "!"
    corpus, same, other = (
        Corpus(pa.Table.from_pylist(version, schema=SCHEMA)) for version in (rows, shuffled, changed)
    )
    assert same.fingerprint() == corpus.fingerprint()
    assert other.fingerprint() != corpus.fingerprint()
    assert other.fingerprint("en") != corpus.fingerprint("en")
    assert other.fingerprint("fi") == corpus.fingerprint("fi")


@pytest.mark.parametrize("column", ["id", "split", "topic", "tokens"])
def test_every_column_counts_for_the_fingerprint(column: str) -> None:
    row = {"id": "1", "lang": "en", "split": "find", "text": "x", "topic": "t", "tokens": ["x"]}
    other = {**row, column: {"id": "2", "split": "dev", "topic": None, "tokens": ["y"]}[column]}
    first, second = (Corpus(pa.Table.from_pylist([version], schema=SCHEMA)) for version in (row, other))
    assert first.fingerprint() != second.fingerprint()


def test_a_language_more_leaves_the_others_fingerprints_alone(make_corpus: MakeCorpus) -> None:
    without = make_corpus(*[row for row in ROWS if row[1] != "ja"])
    assert without.fingerprint("en") == make_corpus(*ROWS).fingerprint("en")
    assert make_corpus(*ROWS).select(["en", "de"]).fingerprint() == without.fingerprint()


def test_same_content_same_bytes_and_all_of_it_back(make_corpus: MakeCorpus, tmp_path: Path) -> None:
    findings = Findings((Finding("empty", "ja", 2, ("ja.txt:4", "ja.txt:9")),))
    Corpus(make_corpus(*ROWS).table, findings).write(tmp_path / "one")
    Corpus(make_corpus(*reversed(ROWS)).table, findings).write(tmp_path / "two")
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == ["corpus.json", "de.parquet", "en.parquet", "ja.parquet"]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    back = Corpus.read(tmp_path / "one")
    assert back.table.equals(make_corpus(*ROWS).table)
    assert back.findings == findings
    assert Corpus.read(tmp_path / "one", languages=["jpn_Jpan"]).languages == ("ja",)


def test_annotations_survive_the_file(tmp_path: Path) -> None:
    tree = {
        "tokens": ["Bees", "buzz"],
        "upos": ["NOUN", "VERB"],
        "heads": [2, 0],
        "deprels": ["nsubj", "root"],
    }
    row = {"id": "1", "lang": "en", "split": "test", "text": "Bees buzz", "topic": "nature", **tree}
    Corpus(pa.Table.from_pylist([row], schema=SCHEMA)).write(tmp_path)
    assert Corpus.read(tmp_path).rows("en", "test").to_pylist() == [row]


def test_languages_of_an_earlier_run_are_removed(make_corpus: MakeCorpus, tmp_path: Path) -> None:
    make_corpus(*ROWS).write(tmp_path)
    make_corpus(*ROWS).select(["en"]).write(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus.json", "en.parquet"]
    assert Corpus.read(tmp_path).languages == ("en",)


@pytest.mark.parametrize("damage", ["truncate", "flip", "empty", "remove", "foreign", "stale"])
def test_a_damaged_file_is_named_with_the_remedy(
    make_corpus: MakeCorpus, tmp_path: Path, damage: str
) -> None:
    long = [(f"{n:05}", "en", "find", f"sentence number {n * 7919 % 10007}") for n in range(3000)]
    make_corpus(*long).write(tmp_path)
    path = tmp_path / "en.parquet"
    content = bytearray(path.read_bytes())
    if damage == "truncate":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "flip":
        content[len(content) // 2] ^= 0xFF
        path.write_bytes(content)
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "remove":
        path.unlink()
    elif damage == "foreign":
        pq.write_table(pa.table({"id": ["1"]}), path)
    else:
        make_corpus(("00001", "en", "find", "another text")).write(tmp_path / "other")
        (tmp_path / "other" / "en.parquet").replace(path)
    with pytest.raises(ArtifactError, match=r"en\.parquet.*run `steer corpus`"):
        Corpus.read(tmp_path)


@pytest.mark.parametrize("index", ["", "[]", "{}", '{"format": 1'])
def test_a_damaged_index_is_named(make_corpus: MakeCorpus, tmp_path: Path, index: str) -> None:
    make_corpus(*ROWS).write(tmp_path)
    (tmp_path / "corpus.json").write_text(index)
    with pytest.raises(ArtifactError, match=r"corpus\.json"):
        Corpus.read(tmp_path)


def test_a_folder_without_a_corpus_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="is not there; run `steer corpus`"):
        Corpus.read(tmp_path)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("a", "en", "find", "x"), ("a", "ja", "test", "y")], r"sentence 'a' is in 2 splits \(find, test\)"),
        ([("a", "en", "find", "x"), ("a", "en", "find", "y")], "sentence 'a' stands 2 times in 'en'"),
        ([("a", "en", "train", "x")], "split 'train' is none of find, dev, test"),
        ([("a", "eng_Latn", "find", "x")], "language 'eng_Latn' must be written 'en'"),
        ([("a", "en", "find", " \t ")], "sentence 'a' in 'en' is empty"),
        ([("a", "en", "find", None)], "a sentence has no text"),
        ([(None, "en", "find", "x")], "a sentence has no id"),
    ],
)
def test_what_breaks_the_contract_is_refused(make_corpus: MakeCorpus, rows: Any, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        make_corpus(*rows)


def test_annotations_must_be_as_long_as_the_tokens() -> None:
    row = {"id": "1", "lang": "en", "split": "find", "text": "x y", "tokens": ["x", "y"], "upos": ["X"]}
    with pytest.raises(CorpusError, match="sentence '1' in 'en' has 2 tokens but 1 upos"):
        Corpus(pa.Table.from_pylist([row], schema=SCHEMA))
