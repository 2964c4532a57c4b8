"""What holds of the sentences of every language: distinct, well formed, with a tree that is one."""

import re
from itertools import combinations

import pytest

from polysteer.builtin.grammar import language_codes, lexicon
from polysteer.builtin.grammar.concepts import load_concepts
from polysteer.builtin.grammar.language_file import load_language

UPOS = {
    "ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON", "PROPN", "PUNCT",
    "SCONJ", "SYM", "VERB", "X",
}  # fmt: skip
DEPRELS = {
    "acl", "advcl", "advmod", "amod", "appos", "aux", "case", "cc", "ccomp", "clf", "compound", "conj", "cop",
    "csubj", "dep", "det", "discourse", "dislocated", "expl", "fixed", "flat", "goeswith", "iobj", "list",
    "mark", "nmod", "nsubj", "nummod", "obj", "obl", "orphan", "parataxis", "punct", "root", "vocative",
    "xcomp",
}  # fmt: skip
every_language = pytest.mark.parametrize("code", language_codes())


@every_language
def test_no_two_meanings_are_one_sentence(code, sentences_by_language):
    said: dict[str, int] = {}
    for number, sentence in enumerate(sentences_by_language[code]):
        assert said.setdefault(sentence.text, number) == number, sentence.text


@every_language
def test_every_sentence_is_a_line_of_text(code, sentences_by_language):
    space = load_language(code).surface.space
    for sentence in sentences_by_language[code]:
        text = sentence.text
        assert "".join(sentence.tokens) == text.replace(" ", "")
        assert text[-1] in ".?。？"
        assert text[0] == text[0].upper()
        assert re.search(r"[+{}_*|]|  |[a-z][A-Z]", text) is None, text
        assert space or " " not in text


@every_language
def test_every_tree_has_one_root_and_no_circle(code, sentences_by_language):
    for sentence in sentences_by_language[code]:
        n_tokens = len(sentence.tokens)
        assert len(sentence.upos) == len(sentence.heads) == len(sentence.deprels) == n_tokens
        roots = [place for place, head in enumerate(sentence.heads, start=1) if head == 0]
        assert len(roots) == 1
        assert [rel == "root" for rel in sentence.deprels] == [head == 0 for head in sentence.heads]
        for place in range(1, n_tokens + 1):
            for _ in range(n_tokens):
                place = sentence.heads[place - 1] or roots[0]
            assert place == roots[0], sentence


@every_language
def test_every_tree_is_projective(code, sentences_by_language):
    for sentence in sentences_by_language[code]:
        arcs = [sorted((place, head)) for place, head in enumerate(sentence.heads, start=1) if head]
        for (left, right), (start, end) in combinations(arcs, 2):
            are_crossing = left < start < right < end or start < left < end < right
            assert not are_crossing, sentence


@every_language
def test_tags_and_relations_are_those_of_universal_dependencies(code, sentences_by_language):
    sentences = sentences_by_language[code]
    assert {tag for sentence in sentences for tag in sentence.upos} <= UPOS
    relations = {relation.partition(":")[0] for sentence in sentences for relation in sentence.deprels}
    assert relations <= DEPRELS - {"dep"}
    for sentence in sentences:
        for tag, relation in zip(sentence.upos, sentence.deprels, strict=True):
            assert (tag == "PUNCT") == (relation == "punct")


@every_language
def test_the_verb_of_a_single_clause_is_its_root(code, drawn_meanings, sentences_by_language):
    """Who does what stands in the tree in every language alike."""
    single = [
        (meaning.first.kind, sentence)
        for meaning, sentence in zip(drawn_meanings, sentences_by_language[code], strict=True)
        if meaning.second is None and meaning.first.verb is not None
    ]
    assert {kind for kind, _ in single} > {"complement"}
    for kind, sentence in single:
        assert sentence.upos[sentence.heads.index(0)] == "VERB"
        assert "nsubj" in sentence.deprels
        assert ("ccomp" in sentence.deprels) == (kind == "complement"), sentence


@every_language
def test_no_two_concepts_of_one_part_of_speech_have_one_lemma(code):
    concepts, words = load_concepts(), lexicon(code)
    assert all(words.values())
    with_object = {frame.verb for frame in concepts.frames if frame.objects}
    for pos in ("nouns", "verbs", "adjectives", "numerals"):
        for one, other in combinations(concepts.ids(pos), 2):
            told_apart_by_object = pos == "verbs" and (one in with_object) != (other in with_object)
            assert words[one] != words[other] or told_apart_by_object, (one, other)
