"""Splits from different sources in one corpus: read once, named, disjoint by id and by sentence."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from polysteer.config import load_experiments
from polysteer.corpus.corpus_settings import make_settings
from polysteer.corpus.corpus_table import Corpus
from polysteer.corpus.joining import read_corpus
from polysteer.errors import ConfigError, CorpusError


def lines(lang: str, what: str, n: int) -> str:
    return "".join(f"{lang} {what} {i}\n" for i in range(n))


def flores(n: int = 8) -> dict[str, str]:
    return {
        f"flores/{part}/{code}.{part}": lines(code, part, n)
        for part in ("dev", "devtest")
        for code in ("deu_Latn", "eng_Latn", "jpn_Jpan")
    }


def tatoeba(n: int = 10) -> dict[str, str]:
    return {
        f"tatoeba/tatoeba.{code}-eng.{side}": lines(side, f"of {code}", n)
        for code in ("deu", "jpn")
        for side in (code, "eng")
    }


def join(root: Path, *, seed: int = 0, **parts: dict[str, Any]) -> Corpus:
    """Paths are names below the root."""
    placed = {
        split: part | ({"path": root / part["path"]} if "path" in part else {})
        for split, part in parts.items()
    }
    content = {"source": "joined", "languages": ["en", "deu", "ja"], "seed": seed, **placed}
    return read_corpus(make_settings(**content))


def test_experts_from_flores_and_numbers_on_tatoeba(write_files) -> None:
    corpus = join(
        write_files(flores() | tatoeba()),
        find={"source": "flores200", "path": "flores"},
        dev={"source": "tatoeba", "path": "tatoeba", "size": 3},
        test={"source": "tatoeba", "path": "tatoeba", "size": 5},
    )
    assert corpus.languages == ("de", "en", "ja")
    assert corpus.ids("find", "ja") == [f"flores200:dev-{n:07}" for n in range(1, 9)]
    assert all(text.startswith("jpn_Jpan dev ") for text in corpus.texts("ja", "find"))
    for lang, code in (("de", "deu"), ("ja", "jpn")):
        assert [len(corpus.pair_ids("en", lang, split)) for split in ("dev", "test")] == [3, 5]
        assert all(id_.startswith(f"tatoeba:{code}-eng/") for id_ in corpus.ids("test", lang))
    assert corpus.pair_ids("de", "ja", "test") == []
    assert not set(corpus.ids("dev")) & set(corpus.ids("test"))


def test_splits_of_one_source_are_dealt_as_that_source_alone_deals_them(write_files) -> None:
    root = write_files(tatoeba(20))
    part = {"source": "tatoeba", "path": "tatoeba"}
    joined = join(root, find=part | {"size": 4}, dev=part | {"size": 5}, test=dict(part))
    alone = {"source": "tatoeba", "path": root / "tatoeba", "languages": ["en", "de", "ja"]}
    corpus = read_corpus(make_settings(**alone, find=4, dev=5))
    for split in corpus.splits:
        assert joined.ids(split) == [f"tatoeba:{id_}" for id_ in corpus.ids(split)]
        assert joined.texts("ja", split) == corpus.texts("ja", split)


def test_two_places_of_one_source_do_not_collide(write_files) -> None:
    root = write_files(
        {f"{name}.{lang}": lines(lang, name, 6) for name in "ab" for lang in ("en", "de", "ja")}
    )

    def place(name: str) -> dict[str, Any]:
        return {"source": "lines", "files": {lang: root / f"{name}.{lang}" for lang in ("en", "de", "ja")}}

    corpus = join(root, find=place("a"), dev=place("b") | {"size": 2}, test=place("b"))
    assert corpus.ids("find") == [f"lines2:{n:07}" for n in range(1, 7)]
    assert [len(corpus.ids(split)) for split in ("dev", "test")] == [2, 4]
    assert all(id_.startswith("lines1:") for id_ in corpus.ids("test"))


def test_the_seed_is_one_for_all_and_sizes_may_be_left_out(write_files) -> None:
    root = write_files(flores(30) | tatoeba(20))
    parts: dict[str, dict[str, Any]] = {
        "find": {"source": "flores200", "path": "flores", "take": "dev", "size": 9},
        "dev": {"source": "flores200", "path": "flores"},
        "test": {"source": "tatoeba", "path": "tatoeba", "size": 6},
    }
    first, again, other = (join(root, seed=seed, **parts) for seed in (0, 0, 1))
    assert first.fingerprint() == again.fingerprint() != other.fingerprint()
    assert len(first.ids("dev")) == 30
    assert first.texts("en", "dev")[0].startswith("eng_Latn devtest")
    assert set(first.ids("find")) != set(other.ids("find"))
    assert set(first.ids("test")) != set(other.ids("test"))


def test_what_test_has_from_another_source_is_left_out_of_find_and_said(write_files) -> None:
    files = flores() | tatoeba()
    files["flores/dev/jpn_Jpan.dev"] = files["flores/dev/jpn_Jpan.dev"].replace(
        "jpn_Jpan dev 2\n", " jpn of jpn 7\n"
    )
    root = write_files(files)
    parts: dict[str, dict[str, Any]] = {
        "dev": {"source": "flores200", "path": "flores"},
        "test": {"source": "tatoeba", "path": "tatoeba"},
    }
    corpus = join(root, find={"source": "flores200", "path": "flores"}, **parts)
    assert "flores200:dev-0000003" not in corpus.ids("find")
    assert len(corpus.ids("find")) == 7
    [found] = [item for item in corpus.findings.items if item.kind == "repeated_elsewhere"]
    assert (found.lang, found.count, found.examples) == ("ja", 1, ("flores200:dev-0000003",))
    held = {split: set(corpus.texts("ja", split)) for split in corpus.splits}
    assert not held["find"] & held["test"]
    with pytest.raises(CorpusError, match="find: 8 meanings asked for, 1 too many: 7 are there from dev"):
        join(root, find={"source": "flores200", "path": "flores", "size": 8}, **parts)


def test_repeated_sentences_come_last_where_no_find_can_take_them(write_files) -> None:
    texts = lines("de", "", 10).replace("de  3\n", "de  8\n")
    root = write_files({"en": lines("en", "", 10), "de": texts, "ja": lines("ja", "", 10)})
    place = {"source": "lines", "files": {lang: root / lang for lang in ("en", "de", "ja")}}
    find = {"source": "builtin", "size": 4}
    for seed in range(4):
        corpus = join(root, seed=seed, find=find, dev=place | {"size": 3}, test=place | {"size": 5})
        assert corpus.findings.count("duplicate") == 0
    assert len(set(corpus.ids("dev") + corpus.ids("test"))) == 8
    assert len(corpus.ids("find")) == 4


def test_the_places_of_lines_without_text_are_the_files_own(write_files) -> None:
    files = flores() | tatoeba()
    files["tatoeba/tatoeba.deu-eng.deu"] = files["tatoeba/tatoeba.deu-eng.deu"].replace("deu of deu 4", "")
    corpus = join(
        write_files(files),
        find={"source": "flores200", "path": "flores"},
        dev={"source": "flores200", "path": "flores"},
        test={"source": "tatoeba", "path": "tatoeba"},
    )
    found = {item.kind: item.examples for item in corpus.findings.items}
    assert found["empty"][0].endswith("tatoeba.deu-eng.deu:5")
    assert found["incomplete"] == ("tatoeba:deu-eng/0000005",)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"languages": []}, "at least 1"),
        ({"languages": ["en", "eng"]}, "same language"),
        ({"dev": {"source": "tatoeba", "path": "x"}}, "dev and test both take all that is left .* in dev"),
        ({"dev": {"source": "joined"}}, "joined"),
        ({"find": {"source": "table", "files": "x", "text": "t"}}, r"name the column .* \(id\)"),
        ({"find": {"source": "builtin", "take": "dev"}}, "Extra inputs"),
    ],
)
def test_bad_parts_are_refused(change: dict[str, Any], message: str) -> None:
    good = {"source": "joined", "languages": ["en", "de"], "find": {"source": "builtin"}}
    good |= {"dev": {"source": "tatoeba", "path": "x", "size": 3}, "test": {"source": "tatoeba", "path": "x"}}
    make_settings(**good)
    with pytest.raises(ValidationError, match=message):
        make_settings(**(good | change))


def test_a_language_that_one_of_the_sources_lacks_names_the_source(write_files) -> None:
    root = write_files(flores() | {name: text for name, text in tatoeba().items() if "jpn" not in name})
    with pytest.raises(CorpusError, match=r"tatoeba: there is no text in 'ja'; there is deu"):
        join(
            root,
            find={"source": "flores200", "path": "flores"},
            dev={"source": "flores200", "path": "flores"},
            test={"source": "tatoeba", "path": "tatoeba"},
        )


EXPERIMENT = """\
schema: 1
experiments:
  both:
    model: builtin
    corpus:
      source: joined
      languages: [en, ja]
      find: {source: flores200, path: data/flores}
      dev: {source: tatoeba, path: data/tatoeba, size: 3}
      test: {source: tatoeba, path: data/tatoeba, size: 5}
    targets: [ja]
    collect: {}
    rank: {}
    steer: {}
    embed: {}
    evaluate: {}
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("size: 3", "siz: 3", 9, "unknown key 'siz' in experiments.both.corpus.dev; did you mean 'size'?"),
        ("path: data/flores", "file: x", 8, "experiments.both.corpus.find lacks the key 'path'"),
        ("size: 5", "size: 0", 10, "experiments.both.corpus.test.size: must be at least 1"),
        ("flores200", "flores20", 8, "corpus.find: there is no source 'flores20'; did you mean 'flores200'?"),
        ("joined", "joint", 5, "there is no source 'joint'; did you mean 'joined'?"),
        ("      find: {source: flores200, path: data/flores}\n", "", 5, "lacks the key 'find'"),
        (
            "languages: [en, ja]\n      find: {source: flores200, path: data/flores}",
            "languages: [en, zh]\n      find: {source: builtin}",
            7,
            "corpus.languages: there is no text in 'zh'; there is de, en, es",
        ),
        ("targets: [ja]", "targets: [de]", 11, "targets: there is no text in 'de'; there is en, ja"),
    ],
)
def test_a_mistake_in_a_part_names_its_line(tmp_path: Path, old: str, new: str, line: int, says: str) -> None:
    assert old in EXPERIMENT
    path = tmp_path / "experiments.yaml"
    path.write_text(EXPERIMENT.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        load_experiments(path)
    assert says in str(caught.value)
    assert f"experiments.yaml:{line}:" in str(caught.value)
