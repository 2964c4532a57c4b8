"""Masks found again on some of the sentences whose responses are stored; no model reads for it."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from polysteer.config import Experiment
from polysteer.masks.interventions import list_statistics
from polysteer.masks.mask import ExpertMask
from polysteer.masks.metadata import MaskMetadata
from polysteer.masks.sets import keep_blocks
from polysteer.ranking.experts import rebuild_mask
from polysteer.ranking.table import RankTable, rank_responses
from polysteer.responses.store import ResponseStore

Sentences = Mapping[str, npt.NDArray[np.int64]]


def shuffle_sentences(n_by_language: Mapping[str, int], *, seed: int, draw: int) -> Sentences:
    """Every language's sentences in a random order: the same one for languages that have equally many."""
    return {
        language: np.random.default_rng([seed, draw]).permutation(n) for language, n in n_by_language.items()
    }


class SubsetRanker:
    """Ranks some sentences as the masks that `known` describes were ranked on all of them."""

    def __init__(self, responses: ResponseStore, known: Sequence[MaskMetadata], settings: Experiment) -> None:
        self._responses, self._settings = responses, settings
        self._scores = sorted({str(mask.score) for mask in known})
        self._values = sorted({self.choose_value(mask) for mask in known})
        self._statistics = list_statistics({mask.intervention for mask in known})

    def rank(self, sentences: Sentences) -> RankTable:
        """Scores and values; token statistics, which are not kept by sentence, are those of all sentences."""
        return rank_responses(
            self._responses.choose(sentences),
            scores=self._scores,
            values=self._values,
            statistics=self._statistics,
            source=self._settings.rank.find_source(self._responses.languages),
        )

    def rebuild(self, table: RankTable, known: MaskMetadata) -> ExpertMask:
        """What a mask would have been."""
        mask = rebuild_mask(table.only(known.sites), known, value=self.choose_value(known))
        blocks = self._settings.rank.blocks
        return mask if blocks == "all" else keep_blocks(mask, blocks)

    def choose_value(self, known: MaskMetadata) -> str:
        """The mean over tokens is the mean response, sentence by sentence, where responses are means."""
        assert known.value_statistic is not None
        is_mean = known.value_statistic == "token_mean" and self._responses.pool == "mean"
        return "pooled_mean" if is_mean else known.value_statistic


def scores_of(table: RankTable, known: MaskMetadata) -> npt.NDArray[np.float32]:
    """How well every neuron of the mask's sites tells its language from the others."""
    of_sites = table.only(known.sites)
    scores: npt.NDArray[np.float32] = of_sites.scores_of(str(known.score))[table.index_of(known.language)]
    return scores
