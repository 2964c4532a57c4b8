"""How well one mask did on one split: ranks of the right answers by layer, and token losses; and its file."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from polysteer.currency import is_current
from polysteer.metrics.choice import Judged
from polysteer.metrics.intervals import average_pairs
from polysteer.metrics.pairing import Pairings, retrieve_shared
from polysteer.metrics.perplexity import LanguageLoss, measure_cost
from polysteer.metrics.retrieval import Retrieval, retrieve_translations
from polysteer.metrics.vectors import LanguagePair
from polysteer.tensorfile import open_artifact, write_tensors
from polysteer.trials.encoded import LanguageVectors
from polysteer.trials.kept import REMEDY, understanding


class Judgement(NamedTuple):
    """Retrieval by layer, and each language's summed losses (none where nothing was to be predicted)."""

    label: str  # the point of the sweep
    retrieval_by_layer: Mapping[str, Retrieval]
    losses: Mapping[str, LanguageLoss]

    def top1_by_layer(self) -> dict[str, float]:
        """Mean top-1 over all ordered pairs, each of which counts the same."""
        return {layer: average_pairs(found.hits()) for layer, found in self.retrieval_by_layer.items()}

    def as_judged(self, plain: Mapping[str, LanguageLoss], target: str | None) -> Judged:
        """What the rule of choice looks at, given the plain model's losses of the same texts."""
        cost = measure_cost(plain, self.losses, target) if self.losses else None
        return Judged(self.label, self.top1_by_layer(), cost)


def judge_vectors(
    label: str, read: Mapping[str, LanguageVectors], pairings: Pairings | None = None
) -> Judgement:
    """Retrieval at each layer among the vectors of all languages."""
    layers = next(iter(read.values())).layers
    retrieval = {
        layer: retrieve_shared(
            {language: found.at_layer(layer) for language, found in read.items()},
            pairings,
            retrieve_translations,
        )
        for layer in layers
    }
    losses = {language: found.loss for language, found in read.items() if found.loss is not None}
    return Judgement(label, retrieval, losses)


def save_judgement(path: Path, judgement: Judgement, *, stamp: str) -> None:
    """Write a judgement, stamped with what it was made from."""
    layers = list(judgement.retrieval_by_layer)
    first = judgement.retrieval_by_layer[layers[0]]
    ranks = np.stack([judgement.retrieval_by_layer[layer].ranks for layer in layers])
    facts = {
        "label": judgement.label,
        "layers": layers,
        "pairs": [list(pair) for pair in first.pairs],
        "n_candidates": first.n_candidates,
        "losses": {language: list(loss) for language, loss in judgement.losses.items()},
    }
    metadata = {"fingerprint": stamp, "judgement": json.dumps(facts, sort_keys=True)}
    write_tensors(path, {"ranks": ranks.astype(np.int32)}, metadata)


def keep_judgement(path: Path, judge: Callable[[], Judgement], *, stamp: str) -> None:
    """Judge and save it, unless it is there."""
    if not is_current(path, stamp):
        save_judgement(path, judge(), stamp=stamp)


def load_judgement(path: Path) -> Judgement:
    """Read a judgement."""
    file = open_artifact(path, remedy=REMEDY)
    with understanding(path, "is no judgement of a mask"):
        facts = json.loads(file.metadata["judgement"])
        pairs = tuple(LanguagePair(*pair) for pair in facts["pairs"])
        losses = {language: LanguageLoss(*loss) for language, loss in facts["losses"].items()}
        by_layer = {
            layer: Retrieval(pairs, np.array(ranks), facts["n_candidates"])
            for layer, ranks in zip(facts["layers"], file.read("ranks"), strict=True)
        }
        return Judgement(facts["label"], by_layer, losses)
