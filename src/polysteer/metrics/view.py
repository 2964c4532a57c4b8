"""One layer as its measures see it, and everything that is registered of it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib import import_module
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from polysteer.metrics.pairing import Pairings
from polysteer.metrics.registry import list_modules
from polysteer.metrics.retrieval import Retrieval
from polysteer.metrics.series import Series
from polysteer.metrics.vectors import VectorsByLanguage


class Labelled(NamedTuple):
    """The rows of each language's sentences that have a label, and the labels."""

    rows: Mapping[str, npt.NDArray[np.int64]]
    labels: Mapping[str, Sequence[str]]

    def select(self, vectors: VectorsByLanguage) -> VectorsByLanguage:
        """The vectors of these rows."""
        return {language: vectors[language][rows] for language, rows in self.rows.items()}


class Topics(NamedTuple):
    """Of `find` every sentence that has a topic; of `test` the meanings that have one in every language."""

    find: Labelled
    test: Labelled


class LayerView(NamedTuple):
    """What there is to measure at one layer, under one condition: the argument of every `list_series`.

    test, find: vectors of the two splits; of what was read on `test` alone, and at layers in no detail, none.
    pairings: which rows of `test` are translations; None where row i is the same meaning in every language.
    in_detail: dev picked the layer, so that pairs and languages are of interest one by one.
    unseen: the languages that what is erased was not fitted on.
    """

    find: VectorsByLanguage
    test: VectorsByLanguage
    pairings: Pairings | None
    retrieval: Retrieval
    in_detail: bool
    topics: Topics | None = None
    targets: Sequence[str] = ()
    unseen: Collection[str] = ()


def measure_layer(view: LayerView, families: Collection[str]) -> Iterator[Series]:
    """What the modules of these families make of the layer, in the order of the registry."""
    for module in list_modules(families):
        yield from import_module(f"polysteer.metrics.{module}").list_series(view)
