"""What was read for one experiment, by condition: the plain model, its rivals, masks, controls."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from polysteer.corpus.corpus_table import Corpus
from polysteer.embeddings.rivals import add_direction, average_languages, center_languages, mean_difference
from polysteer.layout import BASELINE, ExperimentLayout
from polysteer.masks.erasure import draw_subspace, fit_subspace
from polysteer.masks.subspace import LanguageSubspace
from polysteer.masks.subspace_metadata import SubspaceMetadata
from polysteer.metrics.mass import Ids, select_own_tokens
from polysteer.metrics.pairing import Pairings
from polysteer.metrics.perplexity import LanguageLoss
from polysteer.trials.agreement import Agreement, load_agreement
from polysteer.trials.choices import Choices, load_choices
from polysteer.trials.judgement import Judgement, load_judgement
from polysteer.trials.pairings import pair_rows
from polysteer.trials.tokens import TokenCounts, load_tokens
from polysteer.trials.vectors import LanguageVectors, load_vectors
from polysteer.trials.words import WordVectors, list_word_layers, load_words

DIRECTION_STRENGTHS = (0.5, 1.0, 2.0)

ByLanguage = Mapping[str, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Spaces:
    """Vectors of one condition on one split, for every layer; and losses, none where none were measured.

    pairings: which rows are translations, None where row i is the same sentence in every language.
    """

    by_layer: Mapping[str, ByLanguage]
    losses: Mapping[str, LanguageLoss]
    pairings: Pairings | None = None

    def at_layers(self, layers: Collection[str]) -> "Spaces":
        """The same at these layers alone."""
        return replace(self, by_layer={layer: self.by_layer[layer] for layer in layers})


@dataclass(frozen=True)
class Evidence:
    """Reads an experiment's files when they are asked for."""

    layout: ExperimentLayout
    corpus: Corpus
    fit_languages: Sequence[str]  # of the erased subspace

    @property
    def languages(self) -> Sequence[str]:
        """All of them."""
        return self.corpus.languages

    @cached_property
    def find(self) -> Spaces:
        """The plain model's vectors of the split where experts, means and subspaces are found."""
        return self.read(BASELINE, "find")

    @cached_property
    def means(self) -> Mapping[str, ByLanguage]:
        """Each language's mean vector at every layer, over the `find` split."""
        return {layer: average_languages(vectors) for layer, vectors in self.find.by_layer.items()}

    def read(self, condition: str, split: str, layers: Sequence[str] | None = None) -> Spaces:
        """What was read under one condition, of all its layers or of some."""
        read = {language: self._load(condition, split, language, layers) for language in self.languages}
        layers = next(iter(read.values())).layers
        return Spaces(
            {
                layer: {language: content.at_layer(layer) for language, content in read.items()}
                for layer in layers
            },
            {language: content.loss for language, content in read.items() if content.loss is not None},
            self._pairings_by_split[split],
        )

    def center(self, plain: Spaces) -> Spaces:
        """Every language moved to the origin: each sentence's language has to be known."""
        by_layer = {
            layer: center_languages(vectors, self.means[layer]) for layer, vectors in plain.by_layer.items()
        }
        return Spaces(by_layer, {}, plain.pairings)

    def erase(self, plain: Spaces) -> Spaces:
        """Every vector without the directions in which the languages' means differ: no label is needed."""
        return erase_languages(plain, self.find, self.fit_languages)

    def erase_at_random(self, plain: Spaces, layer: str, *, seed: int, draw: int) -> Spaces:
        """Every vector of one layer without as many random directions, the control of `erase`."""
        fitted = _fit_subspace(self.find, [layer], self.fit_languages)
        return _erase(plain.at_layers([layer]), draw_subspace(fitted, seed=seed, draw=draw))

    def add_direction(self, plain: Spaces, target: str, strength: float) -> Spaces:
        """Everything moved along the mean difference towards the target."""
        by_layer = {
            layer: add_direction(vectors, mean_difference(self.means[layer], target), strength)
            for layer, vectors in plain.by_layer.items()
        }
        return Spaces(by_layer, {}, plain.pairings)

    def choices(self, name: str) -> Choices:
        """What dev picked for a target, or of the ways to erase."""
        return load_choices(self.layout.choice(name))

    def judgement(self, name: str, label: str) -> Judgement:
        """What a candidate did on dev."""
        return load_judgement(self.layout.judgement(name, label))

    def controls(self, name: str, n_draws: int) -> list[Judgement]:
        """What each random draw did on test."""
        return [load_judgement(self.layout.control(name, draw)) for draw in range(n_draws)]

    def extra_control(self, target: str, kind: str, draw: int) -> Judgement:
        """What one draw of another kind of control did on test."""
        return load_judgement(self.layout.extra_control(target, kind, draw))

    def fewer_sentences(self, target: str, n_sentences: int, draw: int) -> Judgement:
        """What experts that were found on fewer sentences did on test."""
        return load_judgement(self.layout.fewer_sentences(target, n_sentences, draw))

    def agreement(self, target: str, of: str) -> Agreement:
        """How alike the experts of several draws are: of a number of sentences, or of halves."""
        return load_agreement(self.layout.agreement(target, of))

    def tuned(self, split: str) -> Judgement:
        """What the model did after contrastive fine-tuning."""
        return load_judgement(self.layout.tuned(split))

    @cached_property
    def _pairings_by_split(self) -> Mapping[str, Pairings | None]:
        """Nothing is looked for among the sentences of `find`."""
        return {"find": None, **{split: pair_rows(self.corpus, split) for split in ("dev", "test")}}

    def tokens(self, split: str, language: str) -> TokenCounts:
        """Which tokens a language's text consists of."""
        return load_tokens(self.layout.tokens(split, language))

    def list_word_layers(self, condition: str, split: str, languages: Sequence[str]) -> Sequence[str]:
        """The layers at which words have vectors under one condition; none without a language."""
        paths = [self.layout.words(condition, split, language) for language in languages]
        return list_word_layers(paths[0]) if paths else ()

    def words(self, condition: str, split: str, language: str, layer: str) -> WordVectors:
        """The vectors of a language's words at one layer."""
        return load_words(self.layout.words(condition, split, language), layer)

    @cached_property
    def own_tokens(self) -> Mapping[str, Ids]:
        """Of each language the tokens that occur in its `find` text and in no other's."""
        return select_own_tokens({lang: self.tokens("find", lang).ids for lang in self.languages})

    def _load(
        self, condition: str, split: str, language: str, layers: Sequence[str] | None
    ) -> LanguageVectors:
        return load_vectors(self.layout.encoded(condition, split, language), layers)


def erase_languages(spaces: Spaces, find: Spaces, languages: Sequence[str]) -> Spaces:
    """Every vector without the directions in which these languages' means differ in `find`."""
    return _erase(spaces, _fit_subspace(find, list(spaces.by_layer), languages))


def _fit_subspace(find: Spaces, layers: Sequence[str], languages: Sequence[str]) -> LanguageSubspace:
    of_layer = find.by_layer[layers[0]]
    width = next(iter(of_layer.values())).shape[-1]
    metadata = SubspaceMetadata(
        method="mean_difference", languages=list(languages), layers=list(layers), width=width
    )
    return fit_subspace(find.by_layer, metadata)


def _erase(spaces: Spaces, subspace: LanguageSubspace) -> Spaces:
    by_layer = {
        layer: {language: subspace.erase(rows, layer=layer) for language, rows in vectors.items()}
        for layer, vectors in spaces.by_layer.items()
    }
    return Spaces(by_layer, {}, spaces.pairings)
