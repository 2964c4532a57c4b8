"""The vectors of one condition on one split, by layer; layers come one at a time and are not kept."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from polysteer.metrics.choice import Judged
from polysteer.metrics.intervals import average_pairs
from polysteer.metrics.pairing import Pairings, retrieve_shared
from polysteer.metrics.perplexity import LanguageLoss
from polysteer.metrics.retrieval import Retrieval, retrieve_translations
from polysteer.metrics.vectors import VectorsByLanguage
from polysteer.trials.encoded import Layers


@dataclass(frozen=True)
class Spaces:
    """Vectors by layer; and losses, none where none were measured.

    pairings: which rows are translations, None where row i is the same sentence in every language.
    """

    by_layer: Mapping[str, VectorsByLanguage]
    losses: Mapping[str, LanguageLoss]
    pairings: Pairings | None = None

    def at_layers(self, layers: Collection[str]) -> "Spaces":
        """The same at these layers alone."""
        return replace(self, by_layer=Layers(list(layers), self.by_layer.__getitem__))

    def move(self, change: Callable[[str, VectorsByLanguage], VectorsByLanguage]) -> "Spaces":
        """Every layer's vectors changed; what a model expects of finished vectors is not defined."""
        moved = Layers(list(self.by_layer), lambda layer: change(layer, self.by_layer[layer]))
        return Spaces(moved, {}, self.pairings)

    def retrieve(self, layer: str) -> Retrieval:
        """Between all languages that share sentences."""
        return retrieve_shared(self.by_layer[layer], self.pairings, retrieve_translations)

    def judge(self, label: str) -> Judged:
        """What the rule of choice looks at where an intervention costs nothing that is defined."""
        top1 = {layer: average_pairs(self.retrieve(layer).hits()) for layer in self.by_layer}
        return Judged(label, top1, None)
