"""A damaged or unfinished language file is refused with its name and the section that is wrong."""

from collections.abc import Callable
from pathlib import Path

import pytest

from polysteer.builtin.grammar import Clause, Meaning, NounPhrase, language_codes
from polysteer.builtin.grammar.concepts import CONCEPTS_FILE, read_concepts
from polysteer.builtin.grammar.language_file import LANGUAGES_DIR, read_language
from polysteer.builtin.grammar.linearizer import Linearizer
from polysteer.errors import CorpusError

ENGLISH = (LANGUAGES_DIR / "en.yaml").read_text("utf-8")
WriteEnglish = Callable[[str, str], Path]
# What stands in the file, what is written instead, and what the message says after the file's name.
DAMAGES = {
    "section missing": ("templates:\n", "patterns:\n", r"templates is missing; patterns is no section"),
    "no YAML": ("defaults:", "defaults: [", r"while parsing"),
    "bare no": ("    actor: actor\n", "    actor: no\n", r"lexicon\.nouns\.actor: .*but it is False"),
    "bare number": ("    two: two\n", "    two: 2\n", r"lexicon\.numerals\.two: .*but it is 2"),
    "concept missing": ("    actor: actor\n", "", r"lexicon\.nouns: missing: actor; unknown: none"),
    "concept unknown": ("    actor: actor\n", "    actor: actor\n    hero: hero\n", r"unknown: hero"),
    "time missing": ('    now: "*now/ADV"\n', "", r"lexicon\.times: missing: now"),
    "too many columns": ("    actor: actor\n", "    actor: a b c\n", r"nouns\.actor: 'a b c' has more"),
    "no lemma": ("    actor: actor\n", "    actor: \"- actors\"\n", r"lexicon\.nouns\.actor: no lemma"),
    "time without head": ('"*now/ADV"', '"now/ADV/advmod"', r"lexicon\.times\.now: .*star"),
    "time without tag": ('"*now/ADV"', '"*now"', r"lexicon\.times\.now: '\*now' is not form/UPOS/deprel"),
    "form missing": ('  numeral: ["{m.lemma}"]\n', "", r"forms: missing: numeral"),
    "form in a circle": ('do: ["did', 'do: ["{do}', r"forms: a circle that never ends: do > do"),
    "slot unknown": ('"{a.lemma}"', '"{a.lema}"', r"forms\.adjective: a\.lema is no feature"),
    "feature misspelt": ('"{v.lemma} ? polarity=neg"', '"{v.lemma} ? polarty=neg"', r"forms\.verb: polarty"),
    "template feature misspelt": ('"not ? polarity=neg"\n    - "*verb"', '"not ? polarty=neg"\n    - "*verb"',
                                  r"templates\.transitive: polarty"),
    "template missing": ('  pair: ["*left", "and_right as=conj"]\n', "", r"templates: missing: pair"),
    "template item unknown": ("np: [det,", "np: [dett,", r"templates\.np: dett is no role, word or template"),
    "template item unreadable": ("np: [det,", 'np: ["det the",', r"templates\.np: 'det the' is not a name"),
    "template without head": ('"*noun"]', "noun]", r"templates\.np: no item carries the star"),
    "template in a circle": ('and_right: [and_word, "*right"]', 'and_right: [and_right, "*right"]',
                             r"templates: a circle that never ends: and_right"),
    "word without form": ('that: "SCONJ mark that"', 'that: "SCONJ mark"', r"words\.that: .*is not UPOS"),
    "word with a role's name": ('  that: "SCONJ', '  np: "X dep x"\n  that: "SCONJ', r"words\.np: a role"),
    "rewrite unreadable": (r'["\\+", ""]', '["(", ""]', r"rewrites: '\(' cannot be used"),
    "rewrite to no group": (r'["\\+", ""]', r'["\\+", "\\1"]', r"rewrites: .* cannot be used: invalid group"),
    "sandhi setting unknown": ('left_to: "an"', 'becomes: "an"', r"sandhi\.0\.becomes is no section"),
    "sandhi unreadable": ('left: "a"', 'left: "["', r"sandhi: '\[' cannot be used"),
    "surface of another type": ("capital: true", "capital: 3", r"surface\.capital: .*but it is 3"),
    "another language's code": ("code: en", "code: de", r"language\.code: 'de' is not the file's name"),
}  # fmt: skip


@pytest.fixture
def write_english(tmp_path: Path) -> WriteEnglish:
    """The English file with something else in one place."""

    def write(old: str, new: str) -> Path:
        assert old in ENGLISH
        path = tmp_path / "en.yaml"
        path.write_text(ENGLISH.replace(old, new, 1), "utf-8")
        return path

    return write


@pytest.mark.parametrize("code", language_codes())
def test_every_language_file_is_whole(code):
    assert read_language(LANGUAGES_DIR / f"{code}.yaml").code == code


@pytest.mark.parametrize("damage", list(DAMAGES))
def test_damage_is_named_with_file_and_section(damage, write_english):
    old, new, message = DAMAGES[damage]
    with pytest.raises(CorpusError, match=rf"^en\.yaml: .*{message}"):
        read_language(write_english(old, new))


@pytest.mark.parametrize("content", [b"", b"- a list", b"\xff\xfe\x00"])
def test_a_file_without_sections_is_refused(content, tmp_path):
    (tmp_path / "en.yaml").write_bytes(content)
    with pytest.raises(CorpusError, match=r"^en\.yaml: "):
        read_language(tmp_path / "en.yaml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'do: ["did ? tense=past", "do ? number=pl", "does"]',
            'do: ["did ? tense=past"]',
            r"forms\.do: none fits",
        ),
        (
            '- "*verb"\n    - object',
            '- "*verb ? tense=past"\n    - object',
            r"templates\.transitive: no head",
        ),
        ('- "*verb"\n    - object', '- "*verb"\n    - "*object"', r"templates\.transitive: two heads"),
        (r'["\\+", ""]', r'["s$", "ss"]', r"rewrites: never settle on"),
    ],
)
def test_a_sentence_that_no_rule_covers_names_file_and_rule(old, new, message, write_english):
    treats = Clause(
        "transitive", NounPhrase("doctor"), verb="treat", object=NounPhrase("disease", plural=True)
    )
    linearizer = Linearizer(read_language(write_english(old, new)))
    with pytest.raises(CorpusError, match=rf"^en\.yaml: {message}"):
        linearizer.sentence(Meaning("health", "question", treats))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("writer > write > book", "writer > write > boook", "nouns without an entry: boook"),
        ("writer > write > book", "writer > wrote > book", "verbs without an entry: wrote"),
        ("adjectives: sad strange popular,", "adjectives: sad funny,", "adjectives without an entry: funny"),
        ("numerals: two", "numerals: waiter two", "ids used twice: waiter"),
        (
            "topic: sports, adjectives: young fast lazy",
            "topic: sport, adjectives: lazy",
            "topics unknown: sport",
        ),
    ],
)
def test_a_mistake_in_the_concepts_is_named(old, new, message, tmp_path):
    text = CONCEPTS_FILE.read_text("utf-8")
    assert old in text
    (tmp_path / "concepts.yaml").write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(CorpusError, match=message):
        read_concepts(tmp_path / "concepts.yaml")
