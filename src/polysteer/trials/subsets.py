"""Masks found again on some of the sentences whose responses are stored; no model reads for it."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from polysteer.config import Experiment
from polysteer.masks.interventions import list_statistics
from polysteer.masks.mask import ExpertMask
from polysteer.masks.metadata import MaskMetadata
from polysteer.masks.sets import keep_blocks, measure_overlaps
from polysteer.metrics.stability import correlate_ranks
from polysteer.ranking.experts import rebuild_mask
from polysteer.ranking.table import RankTable, rank_responses
from polysteer.responses.store import ResponseStore

Sentences = Mapping[str, npt.NDArray[np.int64]]
Agreements = npt.NDArray[np.float64]  # [table, table]


def shuffle_sentences(n_by_language: Mapping[str, int], *, seed: int, draw: int) -> Sentences:
    """Every language's sentences in a random order: the same one for languages that have equally many."""
    return {
        language: np.random.default_rng([seed, draw]).permutation(n) for language, n in n_by_language.items()
    }


class SubsetRanker:
    """Ranks some sentences as all of them were ranked."""

    def __init__(self, responses: ResponseStore, settings: Experiment) -> None:
        self._responses, self._settings = responses, settings

    def rank(self, sentences: Sentences, known: Sequence[MaskMetadata]) -> RankTable:
        """What masks were made from; token statistics, which no sentence has its own of, are those of all."""
        return rank_responses(
            self._responses.choose(sentences),
            scores=sorted({str(mask.score) for mask in known}),
            values=sorted({self.choose_value(mask) for mask in known}),
            statistics=list_statistics({mask.intervention for mask in known}),
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

    def compare(self, tables: Sequence[RankTable], known: MaskMetadata) -> tuple[Agreements, Agreements]:
        """Of every two tables: Jaccard of the mask's experts, and how alike its language's scores rank."""
        masks = [self.rebuild(table, known) for table in tables]
        row, score = tables[0].index_of(known.language), str(known.score)
        scores = np.stack([table.only(known.sites).scores_of(score)[row] for table in tables])
        return measure_overlaps(masks), correlate_ranks(scores)
