"""FLORES-200, SIB-200, Tatoeba and plain lines, from files in their exact layouts."""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from polysteer.corpus.corpus_settings import Settings, make_settings
from polysteer.corpus.joining import read_corpus
from polysteer.errors import CorpusError, LanguageError

WriteFiles = Callable[[Mapping[str, str | bytes]], Path]


def numbered(word: str, n: int) -> list[str]:
    return [f"{word} {i}" for i in range(1, n + 1)]


def flores_files(n_dev: int = 6, n_devtest: int = 9) -> dict[str, str]:
    return {
        f"{part}/{code}.{part}": "".join(f"{line}\n" for line in numbered(f"{code} {part}", n))
        for code in ("eng_Latn", "jpn_Jpan", "zho_Hans", "zho_Hant")
        for part, n in (("dev", n_dev), ("devtest", n_devtest))
    }


def test_flores_aligns_by_line_and_keeps_its_halves_apart(write_files: WriteFiles) -> None:
    root = write_files(flores_files() | {"README": "x", "metadata_dev.tsv": "URL\n"})
    corpus = read_corpus(make_settings(source="flores200", path=root, languages=("en", "ja"), dev=4))
    assert corpus.languages == ("en", "ja")
    assert corpus.texts("ja", "find") == numbered("jpn_Jpan dev", 6)
    assert [len(corpus.ids(split)) for split in ("dev", "test")] == [4, 5]
    held = dict(zip(corpus.ids("test", "en"), corpus.texts("en", "test"), strict=True))
    for id_, text in zip(corpus.ids("test", "ja"), corpus.texts("ja", "test"), strict=True):
        assert text.replace("jpn_Jpan", "eng_Latn") == held[id_]


def test_flores_takes_all_languages_where_none_is_named(write_files: WriteFiles) -> None:
    corpus = read_corpus(make_settings(source="flores200", path=write_files(flores_files()), dev=4))
    assert corpus.languages == ("en", "ja", "zh-Hans", "zh-Hant")


def test_flores_plus_tables_meet_plain_files(write_files: WriteFiles) -> None:
    root = write_files(flores_files())
    for part, n in (("dev", 6), ("devtest", 9)):
        rows = [{"id": i, "iso_639_3": "fin", "text": f"fin_Latn {part} {i + 1}"} for i in range(n)]
        pq.write_table(pa.Table.from_pylist(rows[::-1]), root / part / "fin_Latn.parquet")
        (root / part / "est_Latn.jsonl").write_text(
            "".join(json.dumps({**row, "text": row["text"].replace("fin", "est")}) + "\n" for row in rows)
        )
    settings = make_settings(source="flores200", path=root, languages=("en", "fi", "et"), dev=4)
    corpus = read_corpus(settings)
    english = corpus.texts("en", "test")
    assert [text.replace("fin_Latn", "eng_Latn") for text in corpus.texts("fi", "test")] == english
    assert [text.replace("est_Latn", "eng_Latn") for text in corpus.texts("et", "test")] == english


def test_flores_refuses_an_ambiguous_and_a_missing_language(write_files: WriteFiles) -> None:
    root = write_files(flores_files())
    with pytest.raises(LanguageError, match="'zh' is ambiguous here: write one of zho_Hans, zho_Hant"):
        read_corpus(make_settings(source="flores200", path=root, languages=("en", "zh")))
    with pytest.raises(LanguageError, match="there is no text in 'fi'; there is eng_Latn, jpn_Jpan"):
        read_corpus(make_settings(source="flores200", path=root, languages=("en", "fi")))


def test_flores_needs_both_halves_of_a_language(write_files: WriteFiles) -> None:
    files = flores_files()
    del files["devtest/jpn_Jpan.devtest"]
    with pytest.raises(CorpusError, match=r"dev/jpn_Jpan\.dev has no counterpart in .*devtest"):
        read_corpus(make_settings(source="flores200", path=write_files(files), languages=("en", "ja"), dev=4))


SIB_ROWS = [
    ("1", "sports", "A plain sentence."),
    ("2", "travel", '"Quoted," she said, "from the start."'),
    ("3", "politics", 'It ends with a quote "like this"'),
    ("4", "health", "Tabs\tinside count, as do\nline feeds."),
]


def sib_files(code: str, parts: Mapping[str, list[tuple[str, str, str]]]) -> dict[str, str]:
    files = {}
    for part, rows in parts.items():
        buffer = io.StringIO()
        writer = csv.writer(buffer, delimiter="\t", lineterminator="\n")
        writer.writerows([("index_id", "category", "text"), *rows])
        files[f"{code}/{part}.tsv"] = buffer.getvalue()
    return files


def test_sib_reads_quoted_fields_and_aligns_by_id(write_files: WriteFiles) -> None:
    parts = {"train": SIB_ROWS, "dev": [("7", "sports", "dev")], "test": [("9", "sports", "test")]}
    japanese = {
        part: [(id_, topic, f"ja {text}") for id_, topic, text in rows[::-1]] for part, rows in parts.items()
    }
    root = write_files(sib_files("eng_Latn", parts) | sib_files("jpn_Jpan", japanese))
    corpus = read_corpus(make_settings(source="sib200", path=root))
    assert corpus.texts("en", "find") == [text for _, _, text in SIB_ROWS]
    assert corpus.texts("ja", "find") == [f"ja {text}" for _, _, text in SIB_ROWS]
    assert corpus.topics("ja", "find") == [topic for _, topic, _ in SIB_ROWS]
    assert (corpus.ids("dev"), corpus.ids("test")) == (["7"], ["9"])


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("index_id\ttext\n1\tx\n", r"dev\.tsv:1: the columns are \['index_id', 'text'\]"),
        ("index_id\tcategory\ttext\n1\tsports\tx\n2\tsports\n", r"dev\.tsv:3: 2 fields, there should be 3"),
        ('index_id\tcategory\ttext\n1\tsports\tx\n2\tsports\t"open\n', r"dev\.tsv:3: not a CSV-quoted row"),
        ("index_id\tcategory\ttext\n1\tsports\tx\n\n1\tsports\ty\n", r"dev\.tsv:3: 0 fields"),
        ("index_id\tcategory\ttext\n8\tsports\tx\n8\tsports\ty\n", r"dev\.tsv:3: the id '8' .* used in .*:2"),
        ("", r"dev\.tsv:1: the columns are \[\]"),
    ],
)  # fmt: skip
def test_sib_names_the_broken_line(write_files: WriteFiles, broken: str, message: str) -> None:
    files = sib_files("eng_Latn", {"train": SIB_ROWS[:1], "test": SIB_ROWS[1:2]}) | {
        "eng_Latn/dev.tsv": broken
    }
    with pytest.raises(CorpusError, match=message):
        read_corpus(make_settings(source="sib200", path=write_files(files)))


def test_sib_refuses_an_id_in_two_parts_of_two_languages(write_files: WriteFiles) -> None:
    english = {"train": [("1", "a", "x")], "dev": [("2", "a", "y")], "test": [("3", "a", "z")]}
    finnish = {"train": [("2", "a", "x")], "dev": [("1", "a", "y")], "test": [("3", "a", "z")]}
    root = write_files(sib_files("eng_Latn", english) | sib_files("fin_Latn", finnish))
    with pytest.raises(CorpusError, match=r"fin_Latn/train\.tsv:2: the id '2' is in the split 'train' here"):
        read_corpus(make_settings(source="sib200", path=root))


def tatoeba_files(n: int = 12) -> dict[str, str]:
    files = {}
    for code in ("deu", "jpn"):
        files[f"tatoeba.{code}-eng.{code}"] = "\n".join(numbered(code, n)) + "\n"
        files[f"tatoeba.{code}-eng.eng"] = "\n".join(numbered(f"english of {code}", n)) + "\n"
    files["tatoeba.jpn-eng.eng"] = files["tatoeba.jpn-eng.eng"].replace(
        "english of jpn 3", "english of deu 5"
    )
    return files


def test_tatoeba_pairs_with_english_and_nothing_else(write_files: WriteFiles) -> None:
    root = write_files(tatoeba_files())
    settings = make_settings(source="tatoeba", path=root, dev=3, test=4)
    corpus = read_corpus(settings)
    assert corpus.languages == ("de", "en", "ja")
    assert len(corpus.ids("test", "de")) == len(corpus.ids("test", "ja")) == 4
    assert len(corpus.ids("test", "en")) == 8
    assert corpus.pair_ids("de", "ja", "test") == []
    pairing = corpus.pairing("de", "en", "test")
    assert len(pairing.ids) == 4
    german, english = corpus.texts("de", "test"), corpus.texts("en", "test")
    for row_a, row_b in zip(pairing.rows_a, pairing.rows_b, strict=True):
        assert english[row_b] == f"english of {german[row_a]}"


@pytest.mark.parametrize("seed", range(8))
def test_tatoeba_keeps_an_english_sentence_of_two_pairs_in_one_split(
    write_files: WriteFiles, seed: int
) -> None:
    settings = make_settings(source="tatoeba", path=write_files(tatoeba_files()), dev=3, test=4, seed=seed)
    corpus = read_corpus(settings)
    [home] = {split for split in corpus.splits if "english of deu 5" in corpus.texts("en", split)}
    assert corpus.texts("en", home).count("english of deu 5") == 2


@pytest.mark.parametrize(
    ("languages", "message"),
    [
        (("de", "ja"), "pairs every language with English only; add 'en'"),
        (("en",), "add another language"),
        (("en", "fr"), "there is no text in 'fr'; there is deu, jpn"),
    ],
)
def test_tatoeba_says_which_pairs_there_are(
    write_files: WriteFiles, languages: tuple[str, ...], message: str
) -> None:
    settings = make_settings(
        source="tatoeba", path=write_files(tatoeba_files()), languages=languages, dev=3, test=4
    )
    with pytest.raises(CorpusError, match=message):
        read_corpus(settings)


def test_lines_with_and_without_the_user_s_own_splits(write_files: WriteFiles) -> None:
    root = write_files({f"{part}.{code}": "\n".join(numbered(f"{code} {part}", n)) + "\n"
                        for code in ("en", "sw") for part, n in (("train", 5), ("held", 4))})  # fmt: skip
    whole = make_settings(
        source="lines", files={"en": root / "train.en", "swh_Latn": root / "train.sw"}, dev=1, test=1
    )
    corpus = read_corpus(whole)
    assert corpus.languages == ("en", "sw")
    assert [len(corpus.ids(split)) for split in corpus.splits] == [3, 1, 1]
    files = {code: {part: root / f"{part}.{code}" for part in ("train", "held")} for code in ("en", "sw")}
    take = {"find": "train", "dev": "held", "test": "held"}
    divided = make_settings(**{"source": "lines", "files": files, "take": take, "dev": 1})
    assert read_corpus(divided).texts("sw", "find") == numbered("sw train", 5)


def test_crlf_bom_and_line_separators_inside_a_sentence(write_files: WriteFiles) -> None:
    root = write_files(
        {"a.en": "\ufeffone\r\ntwo\u2028halves\r\nthree\r\n", "a.fr": "un\ndeux\x85moitiés\ntrois"}
    )
    settings = make_settings(source="lines", files={"en": root / "a.en", "fr": root / "a.fr"}, dev=1, test=1)
    corpus = read_corpus(settings)
    texts = {text for split in corpus.splits for text in corpus.texts("en", split)}
    assert texts == {"one", "two\u2028halves", "three"}


def test_nfc_and_empty_lines(write_files: WriteFiles) -> None:
    root = write_files(
        {"a.en": "one\ntwo\n\nfour\nfive\n", "a.fr": "e\u0301te\u0301\ndeux\ntrois\n \t\ncinq\n"}
    )
    settings = make_settings(source="lines", files={"en": root / "a.en", "fr": root / "a.fr"}, dev=1, test=1)
    corpus = read_corpus(settings)
    assert "été" in {text for split in corpus.splits for text in corpus.texts("fr", split)}
    assert sum(len(corpus.ids(split)) for split in corpus.splits) == 3
    empty = {finding.lang: finding.examples for finding in corpus.findings.items if finding.kind == "empty"}
    assert empty == {"en": (f"{root}/a.en:3",), "fr": (f"{root}/a.fr:4",)}


def test_wrong_encoding_names_the_line(write_files: WriteFiles) -> None:
    root = write_files({"a.en": "one\ntwo\nthree\n", "a.fr": "un\ndeux\nété\n".encode("latin-1")})
    settings = make_settings(source="lines", files={"en": root / "a.en", "fr": root / "a.fr"}, dev=1, test=1)
    with pytest.raises(CorpusError, match=r"a\.fr:3: byte 0xe9 is not UTF-8; convert the file"):
        read_corpus(settings)


def test_different_line_counts_name_both_files(write_files: WriteFiles) -> None:
    root = write_files({"a.en": "one\ntwo\nthree\n", "a.fr": "un\ndeux\n"})
    settings = make_settings(source="lines", files={"en": root / "a.en", "fr": root / "a.fr"}, dev=1, test=1)
    with pytest.raises(CorpusError, match=r"a\.fr:2: the file ends here, but .*a\.en has 3 lines"):
        read_corpus(settings)


def test_a_language_without_a_file_for_a_split(write_files: WriteFiles) -> None:
    root = write_files({"t.en": "one\n", "h.en": "two\n", "t.fr": "un\n"})
    files = {"en": {"train": root / "t.en", "held": root / "h.en"}, "fr": {"train": root / "t.fr"}}
    settings = make_settings(**{"source": "lines", "files": files, "dev": 1, "test": 1})
    with pytest.raises(CorpusError, match="files: 'fr' has no file for 'held'; add it"):
        read_corpus(settings)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    settings = make_settings(source="lines", files={"en": tmp_path / "none.en"}, dev=1, test=1)
    with pytest.raises(CorpusError, match=r"none\.en cannot be read: No such file"):
        read_corpus(settings)


SETTINGS_BY_FOLDER = [
    lambda path: make_settings(source="flores200", path=path),
    lambda path: make_settings(source="sib200", path=path),
    lambda path: make_settings(source="tatoeba", path=path, dev=1, test=1),
]


@pytest.mark.parametrize("make", SETTINGS_BY_FOLDER)
def test_an_archive_in_place_of_a_folder(make: Callable[[Path], Settings], tmp_path: Path) -> None:
    archive = tmp_path / "data.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("dev/eng_Latn.dev", "one\n")
    with pytest.raises(CorpusError, match=r"data\.zip is an archive; unpack it and name the folder"):
        read_corpus(make(archive))


@pytest.mark.parametrize("make", SETTINGS_BY_FOLDER)
def test_no_folder_a_file_and_an_empty_folder(make: Callable[[Path], Settings], tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="there is no folder"):
        read_corpus(make(tmp_path / "none"))
    (tmp_path / "file").write_text("x")
    with pytest.raises(CorpusError, match="is a file; name the folder"):
        read_corpus(make(tmp_path / "file"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match="holds no text in any language; check the path: it should hold "):
        read_corpus(make(tmp_path / "empty"))
