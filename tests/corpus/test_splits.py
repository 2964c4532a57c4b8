import hashlib
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from polysteer.corpus.assembly import assemble_corpus
from polysteer.corpus.corpus_settings import FileSettings
from polysteer.corpus.draw import Draw
from polysteer.corpus.extracts import Extract
from polysteer.corpus.splits import Meaning, deal_meanings
from polysteer.errors import CorpusError


def meanings(n: int, *, bundle: str = "", part: str = "") -> list[Meaning]:
    return [Meaning(f"{bundle}{part}{i}", bundle, part, f"{bundle}{part}{i}") for i in range(n)]


def extract(lang: str, texts: dict[str, str], *, part: str = "", bundle: str = "") -> Extract:
    lines = range(1, len(texts) + 1)
    return Extract(lang, Path(f"{lang}{part}.txt"), list(texts), list(texts.values()), lines, part, bundle)


def make_draw(**settings: object) -> Draw:
    return FileSettings.model_validate(settings).draw


def test_sizes_are_exact_and_every_id_is_used_once() -> None:
    splits = deal_meanings(meanings(100), make_draw(find=50, dev=20, test=30))
    assert Counter(splits.values()) == {"find": 50, "dev": 20, "test": 30}


def test_the_seed_alone_decides_by_each_id_s_own_hash() -> None:
    def position(id_: str) -> bytes:
        return hashlib.md5(f"7:{id_}".encode()).digest()

    ids = sorted((str(i) for i in range(100)), key=position)
    splits = deal_meanings(meanings(100), make_draw(find=60, dev=10, test=25, seed=7))
    assert [id_ for id_ in ids if splits.get(id_) == "test"] == ids[:25]
    assert [id_ for id_ in ids if splits.get(id_) == "dev"] == ids[25:35]
    assert [id_ for id_ in ids if splits.get(id_) == "find"] == ids[35:95]
    assert deal_meanings(meanings(100)[::-1], make_draw(find=60, dev=10, test=25, seed=7)) == splits
    assert deal_meanings(meanings(100), make_draw(find=60, dev=10, test=25, seed=8)) != splits


def test_a_larger_find_leaves_dev_and_test_alone() -> None:
    small, large = (deal_meanings(meanings(100), make_draw(find=n, dev=10, test=20)) for n in (5, 70))
    assert small.items() <= large.items()


def test_the_source_s_own_splits_and_the_rest_of_them() -> None:
    pool = meanings(30, part="dev") + meanings(40, part="devtest")
    settings = make_draw(dev=10, take={"find": ("dev",), "dev": ("devtest",), "test": ("devtest",)})
    splits = deal_meanings(pool, settings)
    assert Counter(splits.values()) == {"find": 30, "dev": 10, "test": 30}
    assert all((splits[m.id] == "find") == (m.part == "dev") for m in pool)


def test_sizes_count_per_bundle() -> None:
    splits = deal_meanings(
        meanings(20, bundle="de-en") + meanings(30, bundle="ja-en"), make_draw(dev=5, test=10)
    )
    counts = Counter((id_[:2], split) for id_, split in splits.items())
    assert counts == {
        ("de", "test"): 10, ("de", "dev"): 5, ("de", "find"): 5,
        ("ja", "test"): 10, ("ja", "dev"): 5, ("ja", "find"): 15,
    }  # fmt: skip


@given(st.lists(st.integers(0, 30), min_size=12, max_size=60), st.integers(0, 5), st.data())
def test_groups_are_never_divided_and_sizes_still_exact(
    groups: list[int], seed: int, data: st.DataObject
) -> None:
    pool = [Meaning(str(i), "", "", str(group)) for i, group in enumerate(groups)]
    n_single = sum(count == 1 for count in Counter(groups).values())
    assume(n_single >= 3)
    dev = data.draw(st.integers(1, n_single - 2))
    test = data.draw(st.integers(1, n_single - dev - 1))
    splits = deal_meanings(pool, make_draw(dev=dev, test=test, seed=seed))
    assert Counter(splits.values())["dev"] == dev
    assert Counter(splits.values())["test"] == test
    for group in set(groups):
        assert len({splits[m.id] for m in pool if m.group == str(group)}) == 1


def test_a_repeated_sentence_stays_in_one_split() -> None:
    english = {f"s{i}": f"sentence {i // 2}" for i in range(200)}
    finnish = {f"s{i}": f"lause {i // 4}" for i in range(200)}
    corpus = assemble_corpus(
        [extract("en", english), extract("fi", finnish)], make_draw(find=100, dev=40, test=60)
    )
    for lang in ("en", "fi"):
        held = {split: set(corpus.texts(lang, split)) for split in corpus.splits}
        assert not held["find"] & held["test"]
        assert not held["find"] & held["dev"]
        assert not held["dev"] & held["test"]
    assert corpus.findings.count("duplicate") == 100 + 150
    assert corpus.findings.count("duplicate_across_splits") == 0


def test_repeated_sentences_go_to_find_unless_the_sizes_need_them() -> None:
    texts = {f"s{i}": f"sentence {i // 2 if i < 20 else i}" for i in range(60)}
    corpus = assemble_corpus([extract("en", texts)], make_draw(dev=20, test=20))
    for split in ("dev", "test"):
        assert len(set(corpus.texts("en", split))) == 20
    corpus = assemble_corpus([extract("en", texts)], make_draw(dev=20, test=30, find=10))
    assert [len(corpus.ids(split)) for split in corpus.splits] == [10, 20, 30]


def test_a_sentence_repeated_across_the_source_s_own_splits_is_reported() -> None:
    parts = [
        extract("en", {"a": "one", "b": "two"}, part="train"),
        extract("en", {"c": "one"}, part="dev"),
        extract("en", {"d": "four"}, part="test"),
    ]
    take = {"find": ("train",), "dev": ("dev",), "test": ("test",)}
    corpus = assemble_corpus(parts, make_draw(take=take))
    [finding] = corpus.findings.items
    assert (finding.kind, finding.lang, finding.count, finding.examples) == (
        "duplicate_across_splits", "en", 1, ("c = a",),
    )  # fmt: skip


def test_meanings_that_a_language_lacks_are_left_out_or_kept() -> None:
    full = {f"s{i:02}": f"sentence {i}" for i in range(20)}
    gaps = {id_: "" if i in (3, 8) else f"lause {i}" for i, id_ in enumerate(full)}
    extracts = [extract("en", full), extract("fi", gaps)]
    corpus = assemble_corpus(extracts, make_draw(dev=5, test=5))
    assert len(corpus.ids("find")) == 8
    assert corpus.findings.count("incomplete", "fi") == 2
    assert [f.examples for f in corpus.findings.items if f.kind == "empty"] == [("fi.txt:4", "fi.txt:9")]
    kept = assemble_corpus(extracts, make_draw(dev=5, test=5, partial=True))
    assert sum(len(kept.ids(split, "en")) for split in kept.splits) == 20
    assert sum(len(kept.ids(split, "fi")) for split in kept.splits) == 18


def test_too_few_meanings_say_how_many_there_are() -> None:
    with pytest.raises(CorpusError, match="test: 30 meanings asked for, 10 too many: 20 are there"):
        deal_meanings(meanings(20), make_draw(find=1, dev=1, test=30))
    pool = meanings(50, bundle="ja-en", part="a") + meanings(5, bundle="ja-en", part="b")
    settings = make_draw(dev=9, test=9, take={"find": ("a",), "dev": ("b",), "test": ("a",)})
    with pytest.raises(CorpusError, match=r"dev: 9 meanings .* 4 too many: 5 are there from b in ja-en"):
        deal_meanings(pool, settings)


def test_a_split_left_empty_is_refused() -> None:
    with pytest.raises(CorpusError, match="no sentence is left for find"):
        deal_meanings(meanings(20), make_draw(dev=10, test=10))


def test_an_unknown_part_is_answered_with_those_there_are() -> None:
    with pytest.raises(CorpusError, match=r"find is to be taken from 'trian', .*it has dev, train"):
        deal_meanings(
            meanings(9, part="train") + meanings(9, part="dev"),
            make_draw(dev=1, test=1, take={"find": "trian"}),
        )


def test_an_id_in_two_parts_is_refused_with_both_places() -> None:
    parts = [extract("en", {"a": "one"}, part="train"), extract("fi", {"a": "yksi"}, part="test")]
    take = {"find": ("train",), "dev": ("train",), "test": ("test",)}
    with pytest.raises(
        CorpusError,
        match=r"fitest\.txt:1: the id 'a' is in the split 'test' here and in 'train' in entrain\.txt:1",
    ):
        assemble_corpus(parts, make_draw(dev=1, take=take))


def test_an_id_that_stands_twice_is_refused_with_both_places() -> None:
    twice = Extract("en", Path("en.txt"), ["a", "b", "a"], ["x", "y", "z"], [1, 2, 3])
    with pytest.raises(CorpusError, match=r"en\.txt:3: the id 'a' of 'en' was already used in en\.txt:1"):
        assemble_corpus([twice], make_draw(dev=1, test=1))


@pytest.mark.parametrize("settings", [{}, {"find": 5}, {"dev": 1, "take": {"find": "a", "test": ["a", "b"]}}])
def test_two_splits_cannot_both_take_the_rest(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="both take all that is left"):
        FileSettings.model_validate(settings)
