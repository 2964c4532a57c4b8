"""What was read for one experiment, by condition. Layers come one at a time and are not kept."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from polysteer.corpus.corpus_table import Corpus
from polysteer.layout import BASELINE, ExperimentLayout
from polysteer.metrics.mass import Ids, select_own_tokens
from polysteer.metrics.pairing import Pairings
from polysteer.metrics.perplexity import LanguageLoss
from polysteer.trials.choices import Choices, load_choices
from polysteer.trials.pairings import pair_rows
from polysteer.trials.tokens import load_tokens
from polysteer.trials.vectors import list_layers, load_layer, load_loss

ByLanguage = Mapping[str, npt.NDArray[np.float32]]


class Layers(Mapping[str, ByLanguage]):
    """Vectors by layer, each made when it is asked for."""

    def __init__(self, names: Sequence[str], make: Callable[[str], ByLanguage]) -> None:
        self._names, self._make = names, make

    def __contains__(self, layer: object) -> bool:
        return layer in self._names

    def __getitem__(self, layer: str) -> ByLanguage:
        if layer not in self:
            raise KeyError(layer)
        return self._make(layer)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@dataclass(frozen=True)
class Spaces:
    """Vectors of one condition on one split, by layer; and losses, none where none were measured.

    pairings: which rows are translations, None where row i is the same sentence in every language.
    """

    by_layer: Mapping[str, ByLanguage]
    losses: Mapping[str, LanguageLoss]
    pairings: Pairings | None = None

    def at_layers(self, layers: Collection[str]) -> "Spaces":
        """The same at these layers alone."""
        return replace(self, by_layer=Layers(list(layers), self.by_layer.__getitem__))

    def move(self, change: Callable[[str, ByLanguage], ByLanguage]) -> "Spaces":
        """Every layer's vectors changed; what a model expects of finished vectors is not defined."""
        moved = Layers(list(self.by_layer), lambda layer: change(layer, self.by_layer[layer]))
        return Spaces(moved, {}, self.pairings)


@dataclass(frozen=True)
class Evidence:
    """Reads an experiment's files when they are asked for."""

    layout: ExperimentLayout
    corpus: Corpus
    fit_languages: Sequence[str]  # of the erased subspace

    @cached_property
    def find(self) -> Spaces:
        """The plain model's vectors of the split where experts, means and subspaces are found."""
        return self.read(BASELINE, "find")

    def read(self, condition: str, split: str, layers: Sequence[str] | None = None) -> Spaces:
        """What was read under one condition, of all its layers or of some."""
        paths = {
            language: self.layout.encoded(condition, split, language) for language in self.corpus.languages
        }
        names = list_layers(next(iter(paths.values()))) if layers is None else layers
        losses = {language: load_loss(path) for language, path in paths.items()}
        return Spaces(
            Layers(names, lambda layer: {name: load_layer(path, layer) for name, path in paths.items()}),
            {language: loss for language, loss in losses.items() if loss is not None},
            self._pairings_by_split[split],
        )

    def choices(self, name: str) -> Choices:
        """What dev picked for a target, or of the ways to erase."""
        return load_choices(self.layout.choice(name))

    @cached_property
    def own_tokens(self) -> Mapping[str, Ids]:
        """Of each language the tokens that occur in its `find` text and in no other's."""
        paths = {language: self.layout.tokens("find", language) for language in self.corpus.languages}
        return select_own_tokens({language: load_tokens(path).ids for language, path in paths.items()})

    @cached_property
    def _pairings_by_split(self) -> Mapping[str, Pairings | None]:
        """Nothing is looked for among the sentences of `find`."""
        return {"find": None, **{split: pair_rows(self.corpus, split) for split in ("dev", "test")}}
