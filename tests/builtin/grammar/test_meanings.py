"""Which meanings there are: pools and splits that share none, enough of them, each with sense."""

import hashlib
import random
from collections import Counter
from itertools import combinations, islice

import pytest

from polysteer.builtin.grammar import (
    Clause,
    Meaning,
    NounPhrase,
    Pair,
    Place,
    sample_meanings,
    training_meanings,
)
from polysteer.builtin.grammar.concepts import load_concepts
from polysteer.builtin.grammar.meaning import pool_of_skeleton
from polysteer.builtin.grammar.sampler import Sampler
from polysteer.errors import CorpusError

SPLITS = ("find", "dev", "test")
MASS = {"bread", "water", "milk", "rain", "snow"}


def clauses_of(meaning: Meaning) -> list[Clause]:
    outer = [clause for clause in (meaning.first, meaning.second) if clause is not None]
    return outer + [clause.content for clause in outer if clause.content is not None]


def phrases_of(clause: Clause) -> list[NounPhrase]:
    arguments = [clause.subject, clause.object, clause.place.phrase if clause.place else None]
    pairs = [(a.first, a.second) if isinstance(a, Pair) else (a,) for a in arguments if a is not None]
    return [phrase for pair in pairs for phrase in pair]


@pytest.mark.parametrize("seed", [0, 1, 77])
def test_splits_and_training_share_no_skeleton(seed):
    drawn = [sample_meanings(400, seed=seed, split=split) for split in SPLITS]
    drawn.append(training_meanings(2000, seed))
    skeletons = [{meaning.skeleton() for meaning in meanings} for meanings in drawn]
    assert [len(found) for found in skeletons] == [400, 400, 400, 2000]
    assert all(one.isdisjoint(other) for one, other in combinations(skeletons, 2))


def test_training_shares_no_skeleton_with_the_evaluation_of_any_other_seed():
    trained = {meaning.skeleton() for meaning in training_meanings(4000, 0)}
    for seed in range(1, 6):
        fresh = {meaning.skeleton() for meaning in sample_meanings(300, seed=seed, split="test")}
        assert trained.isdisjoint(fresh)


def test_another_seed_gives_other_meanings():
    first, second = (set(sample_meanings(300, seed=seed, split="test")) for seed in (0, 1))
    assert len(first & second) < 30


@pytest.mark.parametrize("split", ["train", *SPLITS])
def test_a_smaller_sample_is_the_beginning_of_a_larger_one(split):
    assert sample_meanings(50, seed=3, split=split) == sample_meanings(200, seed=3, split=split)[:50]


@pytest.mark.parametrize("split", ["train", "dev"])
def test_excluded_skeletons_are_left_out_and_nothing_else(split):
    meanings = sample_meanings(100, seed=3, split=split)
    excluded = {meaning.skeleton() for meaning in meanings[::2]}
    assert sample_meanings(50, seed=3, split=split, exclude=excluded) == meanings[1::2]


def test_an_unknown_split_is_refused():
    with pytest.raises(CorpusError, match=r"'tset'.*find, dev, test"):
        sample_meanings(5, seed=0, split="tset")


def test_skeletons_leave_out_what_some_language_does_not_mark():
    cat, dog = NounPhrase("cat"), NounPhrase("dog")
    plain = Meaning("health", "statement", Clause("transitive", cat, verb="see", object=dog))
    many = NounPhrase("cat", plural=True, definite=False, numeral="two")
    same = Clause("transitive", many, verb="see", object=dog, tense="past", negated=True)
    assert plain.skeleton() == Meaning("health", "question", same).skeleton()
    others = [
        Clause("transitive", dog, verb="see", object=cat),
        Clause("transitive", NounPhrase("cat", adjective="old"), verb="see", object=dog),
        Clause("transitive", cat, verb="see", object=dog, time="now"),
        Clause("transitive", cat, verb="see", object=dog, place=Place(NounPhrase("park"))),
        Clause("transitive", cat, verb="see", object=Pair(dog, cat)),
    ]
    assert len({plain.skeleton(), *(clause.skeleton() for clause in others)}) == 6


def test_what_is_joined_by_and_has_no_order():
    sings, rests = (Clause("intransitive", NounPhrase(noun), verb="rest") for noun in ("singer", "king"))
    for pattern, is_same in (("and", True), ("but", False), ("because", False)):
        there, back = Meaning("sports", pattern, sings, rests), Meaning("sports", pattern, rests, sings)
        assert (there.skeleton() == back.skeleton()) is is_same
    one, two = NounPhrase("cat"), NounPhrase("dog")
    assert Pair(one, two).skeleton() == Pair(two, one).skeleton()


def test_there_are_a_hundred_thousand_meanings():
    drawn = islice(Sampler(random.Random(0)), 200_000)
    assert len({meaning.skeleton() for meaning in drawn}) >= 100_000


def test_the_pools_are_those_that_the_shipped_model_was_trained_with():
    """A change here moves evaluation meanings into what the shipped model has read: train it again."""
    skeletons = [meaning.skeleton() for meaning in training_meanings(1000, 0)]
    assert hashlib.sha256("\n".join(skeletons).encode()).hexdigest()[:16] == "7ec5e13acb908f1b"
    sizes = Counter(pool_of_skeleton(f"skeleton {number}") for number in range(40_000))
    assert 0.79 < sizes["train"] / 40_000 < 0.81


def test_topics_are_balanced(drawn_meanings):
    counts = Counter(meaning.topic for meaning in drawn_meanings)
    assert set(counts) == set(load_concepts().topics)
    assert max(counts.values()) < 1.25 * min(counts.values())


def test_every_word_and_every_kind_of_clause_occurs(drawn_meanings):
    concepts = load_concepts()
    clauses = [clause for meaning in drawn_meanings for clause in clauses_of(meaning)]
    phrases = [phrase for clause in clauses for phrase in phrases_of(clause)]
    assert {clause.verb for clause in clauses} - {None} == set(concepts.verbs)
    assert {phrase.noun for phrase in phrases} == set(concepts.nouns)
    adjectives = {phrase.adjective for phrase in phrases} | {clause.adjective for clause in clauses}
    assert adjectives - {None} == set(concepts.adjectives)
    assert {clause.time for clause in clauses} - {None} == set(concepts.times)
    assert {phrase.numeral for phrase in phrases} - {None} == set(concepts.numerals)
    assert len({(clause.kind, clause.tense) for clause in clauses}) == 15
    assert {meaning.pattern for meaning in drawn_meanings} == {
        "statement", "question", "because", "when", "and", "but",
    }  # fmt: skip


def test_what_is_said_fits_together(drawn_meanings):
    times = load_concepts().times
    for meaning in drawn_meanings:
        assert meaning.pattern != "question" or not meaning.first.negated
        for clause in clauses_of(meaning):
            assert clause.time is None or clause.tense in times[clause.time]
            assert not (clause.negated and clause.kind == "complement")
            phrases = phrases_of(clause)
            nouns = [phrase.noun for phrase in phrases]
            assert len(nouns) == len(set(nouns)), "one thing takes part twice"
            for phrase in phrases:
                assert not (phrase.noun in MASS and (phrase.plural or phrase.numeral))
                assert phrase.numeral is None or (phrase.plural and not phrase.definite)


def test_joined_clauses_share_no_noun(drawn_meanings):
    for meaning in drawn_meanings:
        first, *others = ({phrase.noun for phrase in phrases_of(clause)} for clause in clauses_of(meaning))
        assert all(first.isdisjoint(other) for other in others)
