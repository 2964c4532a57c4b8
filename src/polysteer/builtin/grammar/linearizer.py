"""Turns a meaning into tokens with a dependency tree, by the templates of one language."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from polysteer.builtin.grammar.features import Context, FeatureReader, drop_arguments, read_settings
from polysteer.builtin.grammar.language import HEAD_FORM, PREFIX, Language
from polysteer.builtin.grammar.language_file import load_language
from polysteer.builtin.grammar.meaning import Clause, Meaning, NounPhrase, Pair, Phrase
from polysteer.builtin.grammar.rule_language import Item
from polysteer.builtin.grammar.typesetting import Sentence, Token, Typesetter
from polysteer.errors import CorpusError

Node = Meaning | Clause | Phrase
UPOS = {"nouns": "NOUN", "verbs": "VERB", "adjectives": "ADJ", "numerals": "NUM"}
DEPREL = {"nouns": "dep", "verbs": "dep", "adjectives": "amod", "numerals": "nummod"}
ROLE_DEPREL = {"subject": "nsubj", "object": "obj", "place": "obl", "content": "ccomp", "second": "conj"}


class Subtree(NamedTuple):
    """Tokens in order, and which of them the others hang on."""

    tokens: list[Token]
    head: Token


class Linearizer:
    """One language's way of saying things; holds no state but caches."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._features = FeatureReader(language)
        self._typesetter = Typesetter(language.surface, language.sandhi)
        roles: list[Callable[[Node, Context], Subtree | None]] = [
            self._first, self._second, self._clause, self._subject, self._object, self._place, self._content,
            self._np, self._left, self._right, self._time, self._noun, self._verb, self._adjective,
            self._predicate, self._numeral,
        ]  # fmt: skip
        self._roles = {role.__name__[1:]: role for role in roles}

    def sentence(self, meaning: Meaning) -> Sentence:
        """The whole sentence, with its full stop or question mark."""
        context: Context = {"pattern": meaning.pattern, "tense": meaning.first.tense}
        try:
            tree = self._expand(meaning.pattern, meaning, context)
        except CorpusError as error:
            raise CorpusError(f"{self.language.code}.yaml: {error}") from error
        return self._typesetter.finish(tree.tokens, capital=self.language.surface.capital)

    def phrase(self, phrase: Phrase) -> Sentence:
        """A noun phrase alone, as a word list would have it."""
        context = {"role": "alone", "case": "nom", **self._features.read_phrase(phrase)}
        try:
            tree = self._np(phrase, context)
        except CorpusError as error:
            raise CorpusError(f"{self.language.code}.yaml: {error}") from error
        return self._typesetter.finish(tree.tokens, capital=False)

    def _expand(self, template: str, node: Node, context: Context) -> Subtree:
        tokens: list[Token] = []
        head: Token | None = None
        dependents: list[Token] = []
        for item in self.language.templates[template].select(context):
            part = self._resolve(item, node, context)
            if part is None:
                continue
            tokens += part.tokens
            if item.deprel is not None:
                part.head.deprel = item.deprel
            if not item.is_head:
                dependents.append(part.head)
            elif head is not None:
                raise CorpusError(f"templates.{template}: two heads in {context}.")
            else:
                head = part.head
        if head is None:
            raise CorpusError(f"templates.{template}: no head in {context}.")
        for dependent in dependents:
            dependent.head = head
        return Subtree(tokens, head)

    def _resolve(self, item: Item, node: Node, context: Context) -> Subtree | None:
        if item.passed:
            context = {**context, **read_settings(item, context)}
        role = self._roles.get(item.name)
        if role is not None:
            part = role(node, context)
            if part is not None and item.name in ROLE_DEPREL:
                part.head.deprel = ROLE_DEPREL[item.name]
            return part
        word = self.language.words.get(item.name)
        if word is not None:
            return self._emit(word.forms.form(context, self.language.rewrites), word.upos, word.deprel)
        return self._expand(item.name, node, context)

    def _emit(self, form: str, upos: str, deprel: str) -> Subtree | None:
        """One token, several where the form has underscores, none where it is empty."""
        if "_" not in form:
            token = Token(form, upos, deprel)
            return Subtree([token], token) if form else None
        tokens = [Token(part, upos, deprel) for part in form.split("_")]
        surface = self.language.surface
        head = tokens[0 if surface.multiword_head == "first" else -1]
        for token in tokens:
            if token is not head:
                token.head, token.deprel = head, surface.multiword_deprel
        return Subtree(tokens, head)

    def _lexical(self, pos: str, context: Context) -> Subtree | None:
        form = self.language.forms[HEAD_FORM[pos]].form(context, self.language.rewrites)
        return self._emit(form, context.get(f"{PREFIX[pos]}.upos", UPOS[pos]), DEPREL[pos])

    # Roles: what a template item of that name stands for on the node at hand.

    def _first(self, node: Node, context: Context) -> Subtree | None:
        return self._clause(node.first, context) if isinstance(node, Meaning) else None

    def _second(self, node: Node, context: Context) -> Subtree | None:
        return self._clause(node.second, context) if isinstance(node, Meaning) and node.second else None

    def _clause(self, node: Node, context: Context) -> Subtree | None:
        if not isinstance(node, Clause):
            return None
        return self._expand(node.kind, node, self._features.read_clause(node, context))

    def _content(self, node: Node, context: Context) -> Subtree | None:
        if not isinstance(node, Clause) or node.content is None:
            return None
        told = {key: value for key, value in context.items() if key == "tense" or key.startswith("v.")}
        outer = {f"outer.{key}": value for key, value in told.items()}
        return self._expand("content", node.content, {"form": "content", **outer})

    def _subject(self, node: Node, context: Context) -> Subtree | None:
        return self._argument("subject", node.subject, context) if isinstance(node, Clause) else None

    def _object(self, node: Node, context: Context) -> Subtree | None:
        if not isinstance(node, Clause) or node.object is None:
            return None
        return self._argument("object", node.object, context)

    def _place(self, node: Node, context: Context) -> Subtree | None:
        if not isinstance(node, Clause) or node.place is None:
            return None
        context = {**context, "relation": node.place.relation}
        return self._argument("place", node.place.phrase, context)

    def _argument(self, template: str, phrase: Phrase, context: Context) -> Subtree:
        features = {**drop_arguments(context), **self._features.read_phrase(phrase), "role": template}
        return self._expand(template, phrase, features)

    def _np(self, node: Node, context: Context) -> Subtree:
        return self._expand("pair" if isinstance(node, Pair) else "np", node, context)

    def _left(self, node: Node, context: Context) -> Subtree | None:
        return self._conjunct(node.first, context) if isinstance(node, Pair) else None

    def _right(self, node: Node, context: Context) -> Subtree | None:
        return self._conjunct(node.second, context) if isinstance(node, Pair) else None

    def _conjunct(self, phrase: NounPhrase, context: Context) -> Subtree:
        return self._expand("np", phrase, {**context, **self._features.read_phrase(phrase)})

    def _time(self, node: Node, _context: Context) -> Subtree | None:
        if not isinstance(node, Clause) or node.time is None:
            return None
        fixed = self.language.times[node.time]
        tokens = [Token(token.form, token.upos, token.deprel) for token in fixed]
        head = next(token for token, source in zip(tokens, fixed, strict=True) if source.is_head)
        for token in tokens:
            token.head = None if token is head else head
        return Subtree(tokens, head)

    def _noun(self, node: Node, context: Context) -> Subtree | None:
        return self._lexical("nouns", context) if isinstance(node, NounPhrase) else None

    def _numeral(self, node: Node, context: Context) -> Subtree | None:
        has_numeral = isinstance(node, NounPhrase) and node.numeral
        return self._lexical("numerals", context) if has_numeral else None

    def _adjective(self, node: Node, context: Context) -> Subtree | None:
        has_adjective = isinstance(node, NounPhrase) and node.adjective
        return self._lexical("adjectives", context) if has_adjective else None

    def _predicate(self, node: Node, context: Context) -> Subtree | None:
        has_predicate = isinstance(node, Clause) and node.adjective
        return self._lexical("adjectives", {**context, "role": "predicate"}) if has_predicate else None

    def _verb(self, node: Node, context: Context) -> Subtree | None:
        return self._lexical("verbs", context) if isinstance(node, Clause) and node.verb else None


@cache
def load_linearizer(code: str) -> Linearizer:
    """The linearizer of a built-in language."""
    return Linearizer(load_language(code))
