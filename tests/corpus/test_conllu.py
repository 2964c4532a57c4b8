"""Universal Dependencies treebanks, written in CoNLL-U."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from polysteer.corpus.corpus_settings import make_settings
from polysteer.corpus.joining import read_corpus
from polysteer.errors import CorpusError

WriteFiles = Callable[[Mapping[str, str | bytes]], Path]

FRENCH = """\
# newdoc id = n01
# sent_id = {id}
# parallel_id = pud/{id}
# text = Elle va aux îles {id}.
1\tElle\til\tPRON\t_\tNumber=Sing\t2\tnsubj\t_\t_
2\tva\taller\tVERB\t_\t_\t0\troot\t_\t_
3-4\taux\t_\t_\t_\t_\t_\t_\t_\t_
3\tà\tà\tADP\t_\t_\t5\tcase\t_\t_
4\tles\tle\tDET\t_\t_\t5\tdet\t_\t_
5\tîles\tîle\tNOUN\t_\t_\t2\tobl\t_\tSpaceAfter=No
5.1\tva\taller\tVERB\t_\t_\t_\t_\t2:conj\t_
6\t.\t.\tPUNCT\t_\t_\t2\tpunct\t_\t_

"""
PLAIN = """\
# sent_id = {id}
# text = {word} {id}
1\t{word}\t_\tINTJ\t_\t_\t0\troot\t_\t_

"""


def french(n: int) -> str:
    return "".join(FRENCH.format(id=f"s{i}") for i in range(n))


def plain(word: str, n: int, *, parallel_id: bool = False) -> str:
    blocks = (PLAIN.format(id=f"s{i}", word=word) for i in range(n))
    if parallel_id:
        return "".join(f"# parallel_id = pud/s{i}\n{block}" for i, block in enumerate(blocks))
    return "".join(blocks)


def test_words_tags_and_trees_without_multiword_and_empty_nodes(write_files: WriteFiles) -> None:
    root = write_files({"UD_French-PUD/fr_pud-ud-test.conllu": french(4)})
    corpus = read_corpus(make_settings(source="conllu", path=root, dev=1, test=1))
    row = corpus.rows("fr", "find").to_pylist()[0]
    assert row["text"].startswith("Elle va aux îles s")
    assert row["tokens"] == ["Elle", "va", "à", "les", "îles", "."]
    assert row["upos"] == ["PRON", "VERB", "ADP", "DET", "NOUN", "PUNCT"]
    assert row["heads"] == [2, 0, 5, 5, 2, 2]
    assert row["deprels"] == ["nsubj", "root", "case", "det", "obl", "punct"]


def test_parallel_id_aligns_languages_and_equal_sent_ids_do_not(write_files: WriteFiles) -> None:
    root = write_files({
        "fr_pud-ud-test.conllu": french(6),
        "en_pud-ud-test.conllu": plain("Hello", 6, parallel_id=True),
        "ja_gsd-ud-test.conllu": plain("ねえ", 6),
        "de_gsd-ud-test.conllu": plain("Hallo", 6),
    })  # fmt: skip
    corpus = read_corpus(make_settings(source="conllu", path=root, dev=1, test=2))
    assert len(corpus.pair_ids("fr", "en", "test")) == 2
    assert corpus.pair_ids("ja", "de", "test") == []
    assert len(corpus.ids("test", "ja")) == len(corpus.ids("test", "de")) == 2
    aligned = make_settings(source="conllu", path=root, treebanks=("gsd",), parallel=("gsd",), dev=1, test=2)
    assert len(read_corpus(aligned).pair_ids("ja", "de", "test")) == 2


@pytest.mark.parametrize("key", ["treebanks", "parallel"])
def test_a_treebank_that_is_not_there_is_answered_with_those_that_are(
    write_files: WriteFiles, key: str
) -> None:
    root = write_files({"fr_pud-ud-test.conllu": french(3), "ja_gsd-ud-test.conllu": plain("ねえ", 3)})
    settings = {"source": "conllu", "path": root, key: ["pad"], "dev": 1, "test": 1}
    with pytest.raises(CorpusError, match="has no treebank 'pad'; there is gsd, pud"):
        read_corpus(make_settings(**settings))


def test_a_treebank_without_the_marks_of_its_parallels_is_refused(write_files: WriteFiles) -> None:
    root = write_files({"fr_pud-ud-test.conllu": french(6), "fi_pud-ud-test.conllu": plain("Moi", 6)})
    with pytest.raises(
        CorpusError, match=r"fi_pud-ud-test\.conllu: the sentences have no parallel_id.*'parallel: pud'"
    ):
        read_corpus(make_settings(source="conllu", path=root, dev=1, test=2))
    settings = make_settings(source="conllu", path=root, parallel=("pud",), dev=1, test=2)
    assert len(read_corpus(settings).pair_ids("fr", "fi", "test")) == 2


def test_the_treebank_s_own_splits(write_files: WriteFiles) -> None:
    root = write_files({f"fi_tdt-ud-{part}.conllu": plain(part, n).replace("= s", f"= {part}")
                        for part, n in (("train", 5), ("dev", 2), ("test", 3))})  # fmt: skip
    take = {"find": "train", "dev": "dev", "test": "test"}
    corpus = read_corpus(make_settings(**{"source": "conllu", "path": root, "take": take}))
    assert {split: len(corpus.ids(split)) for split in corpus.splits} == {"find": 5, "dev": 2, "test": 3}
    assert corpus.texts("fi", "test")[0].startswith("test ")


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        (
            "2\tva\taller\tVERB\t_\t_\t0\troot\t_\t_",
            "2\tva\taller\tVERB",
            19,
            "4 fields, a row of CoNLL-U has 10",
        ),
        ("5\tcase", "77\tcase", 21, "'à' has the head 77, not 0 to 6"),
        ("5\tcase", "_\tcase", 21, "'à' has the head None, not 0 to 6"),
        ("3\tà", "4\tà", 21, "word 4 stands where word 3 should"),
        ("# sent_id = s1\n", "", 14, "the sentence has no '# sent_id = ...'"),
        ("# text = Elle va aux îles s1.\n", "", 14, "the sentence has no '# text = ...'"),
    ],
)
def test_a_broken_row_is_named_by_file_and_line(
    write_files: WriteFiles, old: str, new: str, line: int, message: str
) -> None:
    second = FRENCH.format(id="s1").replace(old, new)
    root = write_files({"fr_pud-ud-test.conllu": french(1) + second})
    with pytest.raises(CorpusError) as refused:
        read_corpus(make_settings(source="conllu", path=root, dev=1, test=1))
    assert f"fr_pud-ud-test.conllu:{line}: {message}" in str(refused.value)


def test_a_sentence_id_that_stands_twice(write_files: WriteFiles) -> None:
    root = write_files({"de_gsd-ud-test.conllu": plain("Hallo", 3) + plain("Hallo", 1)})
    with pytest.raises(CorpusError, match=r"\.conllu:13: the id 'de_gsd/s0' .* already used in .*\.conllu:1"):
        read_corpus(make_settings(source="conllu", path=root, dev=1, test=1))
