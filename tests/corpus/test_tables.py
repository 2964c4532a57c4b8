"""Tables in four formats, translation memories, and data sets in the hub's cache."""

import csv
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from polysteer.corpus import tabular
from polysteer.corpus.corpus_settings import Settings, make_settings
from polysteer.corpus.corpus_table import Corpus
from polysteer.corpus.joining import read_corpus
from polysteer.errors import CorpusError

WriteFiles = Callable[[Mapping[str, str | bytes]], Path]

LONG = [
    {
        "key": f"k{i}",
        "language": code,
        "sentence": f'{code}, "{i}"\nend',
        "part": "a" if i < 6 else "b",
        "about": "t",
    }
    for i in range(10)
    for code in ("eng", "jpn_Jpan")
]
WIDE = [{"english": f"en {i}", "日本語": f"ja, {i}", "n": i} for i in range(10)]


def write_table(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    else:
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter="," if path.suffix == ".csv" else "\t")
            writer.writeheader()
            writer.writerows(rows)
    return path


def long_settings(path: Path) -> Settings:
    columns = {"id": "key", "lang": "language", "text": "sentence", "split": "part", "topic": "about"}
    sizes = {"dev": 2, "take": {"find": "a", "dev": "b", "test": "b"}}
    return make_settings(**{"source": "table", "files": str(path), **columns, **sizes})


def texts_by_split(corpus: Corpus, lang: str) -> dict[str, list[str]]:
    return {split: corpus.texts(lang, split) for split in corpus.splits}


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet"])
def test_one_row_per_sentence_in_every_format(tmp_path: Path, suffix: str) -> None:
    corpus = read_corpus(long_settings(write_table(tmp_path / f"t.{suffix}", LONG)))
    assert corpus.languages == ("en", "ja")
    assert corpus.ids("find") == [f"k{i}" for i in range(6)]
    assert corpus.texts("ja", "find") == [f'jpn_Jpan, "{i}"\nend' for i in range(6)]
    assert corpus.topics("en", "test") == ["t", "t"]


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet"])
def test_one_column_per_language_in_every_format(tmp_path: Path, suffix: str) -> None:
    path = write_table(tmp_path / f"t.{suffix}", WIDE)
    settings = make_settings(
        **{
            "source": "table",
            "files": str(path),
            "texts": {"en": "english", "ja": "日本語"},
            "dev": 2,
            "test": 3,
        }
    )
    corpus = read_corpus(settings)
    for split in corpus.splits:
        assert [text.split()[1] for text in corpus.texts("en", split)] == [
            text.split()[1] for text in corpus.texts("ja", split)
        ]
    assert [len(corpus.ids(split)) for split in corpus.splits] == [5, 2, 3]


def test_language_and_split_in_the_file_names(tmp_path: Path) -> None:
    for code in ("eng_Latn", "jpn_Jpan", "zho_Hans"):
        for part, n in (("train", 6), ("test", 4)):
            rows = [{"n": f"{part}{i}", "s": f"{code} {part} {i}"} for i in range(n)]
            write_table(tmp_path / code / f"{part}-00000.jsonl", rows)
    settings = make_settings(**{
        "source": "table", "files": str(tmp_path / "{lang}" / "{split}-*.jsonl"), "id": "n", "text": "s",
        "languages": ["en", "ja"], "take": {"find": "train", "dev": "test", "test": "test"}, "dev": 1,
    })  # fmt: skip
    corpus = read_corpus(settings)
    assert corpus.languages == ("en", "ja")
    assert corpus.texts("ja", "find") == [f"jpn_Jpan train {i}" for i in range(6)]
    assert len(corpus.ids("test")) == 3


def test_of_a_large_table_the_ids_with_the_lowest_hashes_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"key": f"k{i}", "en": f"en {i}", "fi": f"fi {i}"} for i in range(20_000)]
    path = write_table(tmp_path / "t.parquet", rows)
    seen: list[int] = []
    original = tabular.read_columns

    def spy(*args: Any, **options: Any) -> pa.Table:
        found = original(*args, **options)
        seen.append(found.num_rows)
        return found

    monkeypatch.setattr(tabular, "read_columns", spy)
    settings = make_settings(**{
        "source": "table", "files": str(path), "id": "key", "texts": {"en": "en", "fi": "fi"},
        "find": 30, "dev": 10, "test": 20, "seed": 5,
    })  # fmt: skip
    corpus = read_corpus(settings)
    ids = sorted((row["key"] for row in rows), key=lambda id_: hashlib.md5(f"5:{id_}".encode()).digest())
    assert corpus.ids("test") == sorted(ids[:20])
    assert corpus.ids("dev") == sorted(ids[20:30])
    assert corpus.ids("find") == sorted(ids[30:60])
    assert sum(seen) < 2000


def test_a_sample_that_falls_short_is_enlarged(tmp_path: Path) -> None:
    rows = [{"key": f"k{i}", "en": f"en {i}", "fi": f"fi {i}" if i % 40 == 0 else None} for i in range(8_000)]
    path = write_table(tmp_path / "t.parquet", rows)
    settings = make_settings(**{
        "source": "table", "files": str(path), "id": "key", "texts": {"en": "en", "fi": "fi"},
        "find": 100, "dev": 40, "test": 50,
    })  # fmt: skip
    corpus = read_corpus(settings)
    assert [len(corpus.pair_ids("en", "fi", split)) for split in corpus.splits] == [100, 40, 50]


HEADER = "key,language,sentence,part,about\n"
JSON = '{"key": "1", "language": "en", "sentence": "x", "part": "a", "about": "t"}\n'


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (HEADER.replace("sent", "zent"), "t.csv", ":1: there is no column .*; did you mean .zentence."),
        (HEADER + "1,en,x,a,t\n2,en,y\n", "t.csv", ":3: Expected Number of Columns: 5 Found: 3; repair"),
        (HEADER + '1,en,"x\n\nx",a,t\n2,en,"y,a,t\n', "t.csv", ":3: Value with unterminated quote found"),
        ((HEADER + "1,en,x,a,t\n2,en,été,a,t\n").encode("latin-1"), "t.csv", ":3: .* is not utf-8 encoded"),
        (JSON + '{"key": "2", \n' + JSON, "t.jsonl", ":2: this line is not a JSON object in UTF-8"),
        ((JSON + JSON.replace("x", "é")).encode("latin-1"), "t.jsonl", ":2: this line is not a JSON object"),
        ("PAR1 this is no table", "t.parquet", ": "),
        (HEADER + "1,en,x,a,t\n,en,y,a,t\n", "t.csv", ":3: the row has no id"),
        (HEADER + "1,en,x,a,t\n1,en,y,a,t\n", "t.csv", ":3: the id '1' .* was already used in .*t.csv:2"),
        ("key,key\n", "t.csv", ":1: the header must name every column once"),
        ("", "t.csv", ":1: the header must name every column once"),
        ("x", "t.xlsx", ": the name must end in .csv"),
    ],
)  # fmt: skip
def test_a_broken_table_is_named(
    write_files: WriteFiles, content: str | bytes, name: str, message: str
) -> None:
    root = write_files({name: content})
    with pytest.raises(CorpusError, match=re.escape(name) + message):
        read_corpus(long_settings(root / name))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no file fits .*none\.csv"):
        read_corpus(long_settings(tmp_path / "none.csv"))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "name either the column of the sentence"),
        (
            {"text": "s", "texts": {"en": "e"}, "id": "i", "lang": "l"},
            "name either the column of the sentence",
        ),
        ({"texts": {"en": "e"}, "lang": "l"}, "lang has no place beside texts"),
        ({"text": "s", "lang": "l"}, "name the column that is equal for translations"),
        ({"text": "s", "id": "i"}, "name the column of the language"),
        ({"texts": {"xx": "e"}}, "'xx' is not a language code"),
        ({"texts": {"en": "e"}, "sentense": "s"}, "Extra inputs are not permitted"),
    ],
)
def test_columns_that_make_no_sense_are_refused(columns: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        make_settings(**{"source": "table", "files": "t.csv", "dev": 1, "test": 1, **columns})


TMX = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4"><header srclang="en"/><body>
{units}
</body></tmx>
"""
UNIT = """<tu tuid="{n}"><tuv xml:lang="en-GB">
<seg>A <bpt i="1">&lt;b&gt;</bpt>bold<ept i="1">&lt;/b&gt;</ept> &amp; {n}</seg></tuv>
<tuv xml:lang="FI"><prop type="x">note</prop><seg>Rohkea {n}</seg></tuv></tu>
"""


def test_a_translation_memory_without_its_markup(write_files: WriteFiles) -> None:
    units = "".join(UNIT.format(n=n) for n in range(1, 7))
    root = write_files({"m.tmx": TMX.format(units=units)})
    settings = make_settings(source="bitext", path=root / "m.tmx", languages=("en", "fi"), dev=1, test=2)
    corpus = read_corpus(settings)
    english = {text for split in corpus.splits for text in corpus.texts("en", split)}
    assert english == {f"A bold & {n}" for n in range(1, 7)}
    for split in corpus.splits:
        assert [text[-1] for text in corpus.texts("en", split)] == [
            text[-1] for text in corpus.texts("fi", split)
        ]


@pytest.mark.parametrize(
    ("units", "message"),
    [
        ("<tu><tuv><seg>x</seg></tuv></tu>", r"m\.tmx:4: a <tuv> without xml:lang"),
        ("<tu>\n<tuv xml:lang='en'><seg>x</tuv></tu>", r"m\.tmx:5: not well-formed XML: mismatched tag"),
        ("", r"m\.tmx holds no text in any language"),
    ],
)
def test_a_broken_translation_memory_is_named(write_files: WriteFiles, units: str, message: str) -> None:
    root = write_files({"m.tmx": TMX.format(units=units)})
    with pytest.raises(CorpusError, match=message):
        read_corpus(make_settings(source="bitext", path=root / "m.tmx", dev=1, test=1))


def test_two_columns_and_one_that_is_left_out(write_files: WriteFiles) -> None:
    root = write_files({"b.txt": "".join(f"en {n}\tde {n}\tby someone\n" for n in range(9))})
    settings = make_settings(source="bitext", path=root / "b.txt", columns=("en", "deu", "-"), dev=2, test=2)
    corpus = read_corpus(settings)
    assert corpus.languages == ("de", "en")
    assert len(corpus.pair_ids("de", "en", "find")) == 5


def test_a_row_with_another_number_of_columns(write_files: WriteFiles) -> None:
    root = write_files({"b.txt": "one\teins\ntwo zwei\n"})
    with pytest.raises(CorpusError, match=r"b\.txt:2: 1 columns, but the settings name 2"):
        read_corpus(make_settings(source="bitext", path=root / "b.txt", columns=("en", "de"), dev=1, test=1))
    with pytest.raises(CorpusError, match=r"b\.txt is no TMX file: name the languages of its columns"):
        read_corpus(make_settings(source="bitext", path=root / "b.txt", dev=1, test=1))


COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data set as `huggingface_hub` keeps it once it was downloaded."""
    home = tmp_path / "datasets--someone--parallel"
    folder = home / "snapshots" / COMMIT / "data"
    for code in ("eng_Latn", "fin_Latn"):
        write_table(folder / code / "dev.parquet", [{"i": str(n), "text": f"{code} {n}"} for n in range(8)])
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text(COMMIT)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return tmp_path


def hub_settings(**more: Any) -> Settings:
    return make_settings(**{
        "source": "hub", "dataset": "someone/parallel", "revision": COMMIT, "files": "data/{lang}/*.parquet",
        "id": "i", "text": "text", "dev": 2, "test": 2, **more,
    })  # fmt: skip


@pytest.mark.usefixtures("hub_cache")
@pytest.mark.parametrize("revision", [COMMIT, "main"])
def test_a_data_set_of_the_hub_at_a_revision(revision: str) -> None:
    corpus = read_corpus(hub_settings(revision=revision))
    assert corpus.languages == ("en", "fi")
    assert [len(corpus.pair_ids("en", "fi", split)) for split in corpus.splits] == [4, 2, 2]


@pytest.mark.usefixtures("hub_cache")
@pytest.mark.parametrize("wrong", [{"dataset": "someone/else"}, {"revision": "v9"}])
def test_a_data_set_that_is_not_there_offline(wrong: dict[str, str]) -> None:
    with pytest.raises(CorpusError, match="is not on this machine and the hub cannot be reached"):
        read_corpus(hub_settings(**wrong))


def test_a_hub_file_without_a_language_is_refused() -> None:
    with pytest.raises(ValidationError, match="name the column of the language"):
        hub_settings(files="data/*.parquet")
