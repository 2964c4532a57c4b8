"""What conditions and forms can ask for: the features of clauses and noun phrases in one language."""

from functools import lru_cache

from polysteer.builtin.grammar.concepts import load_concepts
from polysteer.builtin.grammar.language import Language
from polysteer.builtin.grammar.meaning import Clause, Pair, Phrase
from polysteer.builtin.grammar.rule_language import Item

Context = dict[str, str]
OBJECT_KEYS = ("number", "definite", "count", "sem", "numeral", "adjective", "pair")
MAX_REMEMBERED_PHRASES = 1 << 14


class FeatureReader:
    """Reads features off meanings; remembers those of phrases, which come back often."""

    def __init__(self, language: Language) -> None:
        self._lexicon = language.lexicon
        self._resolve = language.resolve
        self._kinds = load_concepts().nouns
        self.read_phrase = lru_cache(maxsize=MAX_REMEMBERED_PHRASES)(self._read_phrase)
        self._read_object = lru_cache(maxsize=MAX_REMEMBERED_PHRASES)(self._read_phrase_as_object)

    def read_clause(self, clause: Clause, context: Context) -> Context:
        """The features of a clause, of its words and of its arguments, over those of its surroundings."""
        features = {
            "form": "main",
            "mood": "statement",
            **context,
            "kind": clause.kind,
            "tense": clause.tense,
            "polarity": "neg" if clause.negated else "pos",
            "time": clause.time or "none",
            "place": clause.place.relation if clause.place else "none",
            "object": "yes" if clause.object else "none",
            **self.read_phrase(clause.subject),
        }
        if clause.object:
            features.update(self._read_object(clause.object))
        if clause.verb:
            features.update(self._lexicon["verbs"][clause.verb])
        if clause.adjective:
            features.update(self._lexicon["adjectives"][clause.adjective])
        return features

    def _read_phrase(self, phrase: Phrase) -> Context:
        if isinstance(phrase, Pair):
            return self._read_pair(phrase)
        noun = self._kinds[phrase.noun]
        return {
            "number": "pl" if phrase.plural else "sg",
            "definite": "def" if phrase.definite else "indef",
            "count": "mass" if noun.mass else "count",
            "sem": noun.kind,
            "adjective": phrase.adjective or "none",
            "numeral": phrase.numeral or "none",
            "pair": "no",
            **self._lexicon["nouns"][phrase.noun],
            **(self._lexicon["adjectives"][phrase.adjective] if phrase.adjective else {}),
            **(self._lexicon["numerals"][phrase.numeral] if phrase.numeral else {}),
        }

    def _read_pair(self, pair: Pair) -> Context:
        first, second = self._read_phrase(pair.first), self._read_phrase(pair.second)
        features = {"number": "pl", "count": "count", "adjective": "none", "numeral": "none", "pair": "yes"}
        for key, mixed in {"sem": "mixed", **self._resolve}.items():
            value = first.get(key)
            features[key] = value if value is not None and value == second.get(key) else mixed
        features["definite"] = first["definite"]
        return features

    def _read_phrase_as_object(self, phrase: Phrase) -> Context:
        features = self.read_phrase(phrase)
        described = {f"o.{key}": features[key] for key in OBJECT_KEYS if key in features}
        return described | {f"o.{key[2:]}": value for key, value in features.items() if key.startswith("n.")}


def read_settings(item: Item, context: Context) -> Context:
    """What a template item is told; `$key` takes the value that the feature has here."""
    found = {key: context.get(value[1:]) if value.startswith("$") else value for key, value in item.passed}
    return {key: value for key, value in found.items() if value is not None}


def drop_arguments(context: Context) -> Context:
    """What a noun phrase hears of its clause: not the other phrases' nouns, adjectives and numerals."""
    return {key: value for key, value in context.items() if key[:2] not in ("n.", "a.", "m.", "o.")}
