"""Files that are not what their names say: read as they are, or refused by file and line."""

import gzip
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from polysteer.corpus.corpus_settings import make_settings
from polysteer.corpus.corpus_table import Corpus
from polysteer.corpus.joining import read_corpus
from polysteer.corpus.sources import SOURCES
from polysteer.errors import CorpusError
from support.benchmarks import load_benchmark

WriteFiles = Callable[[Mapping[str, str | bytes]], Path]

fuzz = load_benchmark("fuzz_corpora")

ROWS = [{"id": f"{n:03}", "lang": lang, "text": f'{lang} "{n}"'} for n in range(8) for lang in ("en", "ja")]


def as_lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def with_row(**changed: object) -> str:
    """The third line is other than it should be."""
    return as_lines([*ROWS[:2], ROWS[2] | changed, *ROWS[3:]])


def read_table(path: Path) -> Corpus:
    columns = {"id": "id", "lang": "lang", "text": "text", "dev": 2, "test": 2}
    return read_corpus(make_settings(**{"source": "table", "files": str(path), **columns}))


def all_texts(corpus: Corpus) -> set[str]:
    return {
        text for split in corpus.splits for lang in corpus.languages for text in corpus.texts(lang, split)
    }


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"text": 5}, "'text' is 5, not a string"),
        ({"text": True}, "'text' is true, not a string"),
        ({"text": ["a"]}, r"'text' is \[\"a\"\], not a string"),
        ({"text": {"a": 1}}, r"'text' is \{\"a\": 1\}, not a string"),
        ({"text": "a" + chr(0xD800)}, "'text' has half of a character"),
        ({"text": "a\0b"}, "a NUL byte"),
        ({"lang": 5}, "'lang' is 5, not a string"),
        ({"id": 1.5}, "'id' is 1.5, not a string or a whole number"),
        ({"id": True}, "'id' is true, not a string or a whole number"),
        ({"id": None}, "the row has no id"),
    ],
)
def test_a_value_of_another_kind_is_refused_by_its_line(
    write_files: WriteFiles, changed: dict[str, Any], message: str
) -> None:
    root = write_files({"t.jsonl": "\n" + with_row(**changed)})
    with pytest.raises(CorpusError, match=r"t\.jsonl:4: " + message):
        read_table(root / "t.jsonl")


def test_texts_that_look_like_something_else_stay_as_they_are(write_files: WriteFiles) -> None:
    looks = [
        "2024-01-01 10:00",
        "ABCDEF00-0000-0000-0000-000000000001",
        "007",
        "NA",
        "null",
        "1e5",
        "true",
        "NaN",
    ]
    rows = [{"id": f"{n:03}", "lang": lang, "text": looks[n]} for n in range(8) for lang in ("en", "ja")]
    csv = "id,lang,text\n" + "".join(f"{row['id']},{row['lang']},{row['text']}\n" for row in rows)
    root = write_files({"t.jsonl": as_lines(rows), "t.csv": csv, "t.tsv": csv.replace(",", "\t")})
    for name in ("t.jsonl", "t.csv", "t.tsv"):
        corpus = read_table(root / name)
        assert all_texts(corpus) == set(looks)
        assert {id_ for split in corpus.splits for id_ in corpus.ids(split)} == {row["id"] for row in rows}


def test_ids_that_are_numbers_in_one_place_and_strings_in_another_meet(write_files: WriteFiles) -> None:
    rows = [{**row, "id": 10**30 + n // 2 if n % 2 else str(10**30 + n // 2)} for n, row in enumerate(ROWS)]
    corpus = read_table(write_files({"t.jsonl": as_lines(rows)}) / "t.jsonl")
    assert {id_ for split in corpus.splits for id_ in corpus.pair_ids("en", "ja", split)} == {
        str(10**30 + n) for n in range(8)
    }


def test_a_missing_text_is_an_empty_one_and_is_told(write_files: WriteFiles) -> None:
    root = write_files({"t.jsonl": with_row(text=None)})
    corpus = read_table(root / "t.jsonl")
    [empty] = [found for found in corpus.findings.items if found.kind == "empty"]
    assert (empty.lang, empty.examples) == ("en", (f"{root}/t.jsonl:3",))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (with_row() + '{"y": ' + "[" * 3000 + "]" * 3000 + "}", ":17: brackets are nested too deeply"),
        (with_row() + '{"y": ' + "9" * 5000 + "}", ":17: this line is not a JSON object in UTF-8: Exceeds"),
        (with_row() + "[1]", ":17: this line is not a JSON object; write"),
        (with_row().replace("\n", "\r"), ":1: this line is not a JSON object in UTF-8: Extra data"),
        (with_row().encode("utf-16"), ":1: the file is in UTF-16; convert .* iconv -f UTF-16"),
        (gzip.compress(with_row().encode(), mtime=0), " is an archive; unpack it"),
        ("", ":1: there is no column 'id'; it has none"),
    ],
)
def test_lines_that_are_no_objects(write_files: WriteFiles, content: str | bytes, message: str) -> None:
    with pytest.raises(CorpusError, match=re.escape("t.jsonl") + message):
        read_table(write_files({"t.jsonl": content}) / "t.jsonl")


def test_line_ends_marks_and_long_lines_change_no_text(write_files: WriteFiles) -> None:
    long = "x y" * 3_500_000
    content = b"\xef\xbb\xbf" + with_row(text=long).replace("\n", "\r\n").encode()
    assert long in all_texts(read_table(write_files({"t.jsonl": content}) / "t.jsonl"))


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("text", list(range(16)), "'text' holds BIGINT, not text;"),
        ("text", [f"é{n}".encode() for n in range(16)], "'text' holds BLOB, not text;"),
        ("text", [["a"]] * 16, r"'text' holds VARCHAR\[\], not text;"),
        ("id", [n // 2 + 0.0 for n in range(16)], "'id' holds DOUBLE, not text or whole numbers;"),
    ],
)
def test_a_parquet_column_of_another_kind(
    tmp_path: Path, column: str, values: list[object], message: str
) -> None:
    columns = {name: [row[name] for row in ROWS] for name in ("id", "lang", "text")}
    pq.write_table(pa.table(columns | {column: values}), tmp_path / "t.parquet")
    with pytest.raises(CorpusError, match=rf"t\.parquet: the column {message}"):
        read_table(tmp_path / "t.parquet")


UNITS = "".join(
    f'<tu><tuv xml:lang="en"><seg>one {n}</seg></tuv><tuv xml:lang="ja"><seg>{{word}} {n}</seg></tuv></tu>\n'
    for n in range(8)
)


def write_memory(encoding: str, word: str = "日本", *, declared: str | None = None, head: str = "") -> bytes:
    declaration = f'<?xml version="1.0" encoding="{declared or encoding}"?>\n{head}'
    return f"{declaration}<tmx><body>\n{UNITS.format(word=word)}</body></tmx>".encode(encoding)


def read_memory(path: Path) -> Corpus:
    return read_corpus(make_settings(source="bitext", path=path, dev=2, test=2))


@pytest.mark.parametrize(
    ("encoding", "word"),
    [
        ("shift_jis", "日本"),
        ("euc-jp", "日本"),
        ("gb18030", "日本"),
        ("utf-16", "日本"),
        ("utf-8-sig", "日本"),
        ("iso-8859-1", "été"),
        ("windows-1252", "œuf"),
    ],
)
def test_a_translation_memory_in_the_encoding_that_it_declares(
    write_files: WriteFiles, encoding: str, word: str
) -> None:
    declared = encoding.removesuffix("-sig")
    root = write_files({"m.tmx": write_memory(encoding, word, declared=declared)})
    assert {f"{word} {n}" for n in range(8)} < all_texts(read_memory(root / "m.tmx"))


DTD = "<!DOCTYPE tmx SYSTEM 'tmx14.dtd'>\n"
FOREIGN = "<!DOCTYPE tmx [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>\n"
BOMB = "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True))
BOMB = f"<!DOCTYPE tmx [<!ENTITY a 'lolol'>{BOMB}]>\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (write_memory("utf-8", declared="klingon"), ":1: no encoding is called 'klingon'"),
        (write_memory("utf-8", declared="hex"), ":1: no encoding is called 'hex'"),
        (write_memory("utf-8", declared="utf-16"), ":1: not in utf-16, as the file should be"),
        (write_memory("iso-8859-1", "été", declared="utf-8"), ":3: not in utf-8, as the file should be"),
        (write_memory("utf-8", "&eacute;", head=DTD), ":4: &eacute; is defined nowhere"),
        (write_memory("utf-8", "&a;", head=FOREIGN), ":4: &a; is defined nowhere"),
        (write_memory("utf-8", "&j;", head=BOMB), ":4: not well-formed XML: limit on input"),
        (gzip.compress(write_memory("utf-8"), mtime=0), " is an archive; unpack it"),
        (b"", ":1: not well-formed XML: no element found"),
    ],
)
def test_a_translation_memory_that_cannot_be_read(
    write_files: WriteFiles, content: bytes, message: str
) -> None:
    with pytest.raises(CorpusError, match=re.escape("m.tmx") + message):
        read_memory(write_files({"m.tmx": content}) / "m.tmx")


LINES = "".join(f"en {n}\n" for n in range(8))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (LINES.replace("en 3", "e\0n"), ":4: a NUL byte"),
        (LINES.encode("utf-16"), ":1: the file is in UTF-16"),
        (LINES.encode("utf-16-le"), ":1: a NUL byte"),
        (LINES.replace("\n", "\r"), ":1: lines end in carriage returns alone"),
        (gzip.compress(LINES.encode(), mtime=0), " is an archive"),
    ],
)
def test_lines_that_are_no_text(write_files: WriteFiles, content: str | bytes, message: str) -> None:
    root = write_files({"en": content, "ja": LINES})
    settings = {"source": "lines", "files": {"en": root / "en", "ja": root / "ja"}, "dev": 2, "test": 2}
    with pytest.raises(CorpusError, match=re.escape(str(root / "en")) + message):
        read_corpus(make_settings(**settings))


def test_empty_files_are_named(write_files: WriteFiles) -> None:
    root = write_files({"en": "", "ja": ""})
    settings = {"source": "lines", "files": {"en": root / "en", "ja": root / "ja"}, "dev": 2, "test": 2}
    with pytest.raises(CorpusError, match=re.escape(f"{root / 'en'} is empty")):
        read_corpus(make_settings(**settings))


def test_every_source_reads_or_refuses_damaged_files(tmp_path: Path) -> None:
    sources = {seed.settings["source"] for seed in fuzz.make_seeds().values()}
    assert sources == {source.name() for source in SOURCES} - {"builtin", "hub"}
    found = fuzz.fuzz_corpora(300, folder=tmp_path, seed=1)
    assert found.crashes == []
    assert min(found.counts["accepted"], found.counts["refused"]) > 20
