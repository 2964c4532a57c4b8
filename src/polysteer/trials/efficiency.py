"""Experts from fewer sentences: what they gain on test, and how alike the experts of several draws are."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from polysteer.artifacts import tell_damage
from polysteer.config.evaluate import EfficiencySettings
from polysteer.errors import ArtifactError, ConfigError
from polysteer.masks.mask import ExpertMask
from polysteer.masks.metadata import MaskMetadata
from polysteer.masks.sets import measure_overlaps
from polysteer.metrics.stability import average_with_others, correlate_ranks
from polysteer.ranking.table import RankTable
from polysteer.responses.store import ResponseStore
from polysteer.trials.agreement import Agreement, load_agreement, save_agreement
from polysteer.trials.judgement import save_judgement
from polysteer.trials.session import Session, Steering
from polysteer.trials.stamps import is_current
from polysteer.trials.subsets import Sentences, SubsetRanker, scores_of, shuffle_sentences


class Efficiency:
    """The masks chosen at the primary layer, found again on some of the stored responses.

    Draws differ in their sentences; of one draw, fewer sentences are some of the more.
    """

    def __init__(
        self, session: Session, wanted: EfficiencySettings, responses: Mapping[str, ResponseStore]
    ) -> None:
        """`responses` are those of every pooling, which all have the same sentences."""
        self._session, self._wanted, self._responses = session, wanted, responses
        first = next(iter(responses.values()))
        self._n_find = {language: first.n_sentences(language) for language in first.languages}
        fewest = min(self._n_find.values())
        if max(wanted.sentences) > fewest:
            raise ConfigError(
                f"evaluate.efficiency asks for {max(wanted.sentences)} sentences per language and `find` has "
                f"{fewest}; ask for fewer, or raise corpus.find"
            )

    def try_targets(self, chosen: Mapping[str, Steering]) -> None:
        """By the pooling of each target's mask."""
        for pool, responses in self._responses.items():
            own = {target: one for target, one in chosen.items() if _describe(one).pool == pool}
            if own:
                self._try_pooling(own, responses)

    def _try_pooling(self, chosen: Mapping[str, Steering], responses: ResponseStore) -> None:
        """Every number of sentences, then the halves of all."""
        known = [_describe(steering) for steering in chosen.values()]
        ranker = SubsetRanker(responses, known, self._session.settings)
        for n_sentences in self._wanted.sentences:
            n_draws = self._wanted.count_draws(n_sentences, self._n_find.values())
            tables = _Tables(ranker, partial(self._take_first, n_sentences))
            for target, steering in chosen.items():
                self._session.progress(f"{target}: experts from {n_sentences} sentences", 0, 1)
                self._try_number(target, steering, n_sentences, n_draws, ranker, tables)
        firsts, seconds = (_Tables(ranker, partial(self._take_half, half)) for half in (0, 1))
        for target, steering in chosen.items():
            self._compare_halves(target, steering, ranker, firsts, seconds)

    def _try_number(
        self,
        target: str,
        steering: Steering,
        n_sentences: int,
        n_draws: int,
        ranker: SubsetRanker,
        tables: "_Tables",
    ) -> None:
        """Read test under every draw's mask, and compare the draws."""
        layout, known = self._session.layout, _describe(steering)
        stamps = [self._stamp(steering, n_sentences, draw) for draw in range(n_draws)]
        paths = [layout.fewer_sentences(target, n_sentences, draw) for draw in range(n_draws)]
        compared, of_all = layout.agreement(target, str(n_sentences)), self._stamp(steering, stamps)
        if _is_compared(compared, of_all) and all(map(is_current, paths, stamps)):
            return
        masks = [ranker.rebuild(tables.at(draw), known) for draw in range(n_draws)]
        for path, mask, stamp in zip(paths, masks, stamps, strict=True):
            self._read_test(path, steering._replace(mask=mask), stamp)
        jaccard, correlation = (), ()
        if n_draws > 1:
            scores = np.stack([scores_of(tables.at(draw), known) for draw in range(n_draws)])
            jaccard = tuple(average_with_others(measure_overlaps(masks)).tolist())
            correlation = tuple(average_with_others(correlate_ranks(scores)).tolist())
        value = ranker.choose_value(known)
        save_agreement(compared, Agreement(n_sentences, n_draws, value, jaccard, correlation), stamp=of_all)

    def _read_test(self, path: Path, steering: Steering, stamp: str) -> None:
        if not is_current(path, stamp):
            layers = [self._session.settings.embed.layer]
            judgement = self._session.judge(steering, "test", layers=layers, n_losses=0)
            save_judgement(path, judgement, stamp=stamp)

    def _compare_halves(
        self, target: str, steering: Steering, ranker: SubsetRanker, firsts: "_Tables", seconds: "_Tables"
    ) -> None:
        """Experts of one half of all sentences against those of the other."""
        known, n_draws = _describe(steering), self._wanted.seeds
        path, stamp = (
            self._session.layout.agreement(target, "halves"),
            self._stamp(steering, "halves", n_draws),
        )
        if _is_compared(path, stamp):
            return
        jaccard, correlation = [], []
        for draw in range(n_draws):
            tables = firsts.at(draw), seconds.at(draw)
            overlaps = measure_overlaps([ranker.rebuild(table, known) for table in tables])
            ranks = correlate_ranks(np.stack([scores_of(table, known) for table in tables]))
            jaccard.append(float(overlaps[0, 1]))
            correlation.append(float(ranks[0, 1]))
        n_sentences, value = min(self._n_find.values()) // 2, ranker.choose_value(known)
        agreement = Agreement(n_sentences, n_draws, value, tuple(jaccard), tuple(correlation))
        save_agreement(path, agreement, stamp=stamp)

    def _take_first(self, n_sentences: int, draw: int) -> Sentences:
        return {language: np.sort(rows[:n_sentences]) for language, rows in self._shuffle(draw).items()}

    def _take_half(self, half: int, draw: int) -> Sentences:
        return {
            language: np.sort(np.array_split(rows, 2)[half]) for language, rows in self._shuffle(draw).items()
        }

    def _shuffle(self, draw: int) -> Sentences:
        return shuffle_sentences(self._n_find, seed=self._session.settings.evaluate.seed, draw=draw)

    def _stamp(self, steering: Steering, *parts: object) -> str:
        session, store = self._session, self._responses[str(_describe(steering).pool)]
        responses = [store.fingerprint(language) for language in store.languages]
        seed, blocks = session.settings.evaluate.seed, session.settings.rank.blocks
        made_from = (session.corpus.fingerprint(), responses, steering.stamp, blocks, seed)
        return session.stamp("efficiency", *made_from, *parts)


class _Tables:
    """Tables of scores by draw, made when they are asked for and shared by the targets."""

    def __init__(self, ranker: SubsetRanker, take: Callable[[int], Sentences]) -> None:
        self._ranker, self._take = ranker, take
        self._by_draw: dict[int, RankTable] = {}

    def at(self, draw: int) -> RankTable:
        if draw not in self._by_draw:
            self._by_draw[draw] = self._ranker.rank(self._take(draw))
        return self._by_draw[draw]


def _describe(steering: Steering) -> MaskMetadata:
    assert isinstance(steering.mask, ExpertMask)
    return steering.mask.metadata


def _is_compared(path: Path, stamp: str) -> bool:
    try:
        load_agreement(path, stamp=stamp)
    except ArtifactError as error:
        tell_damage(error)
        return False
    return True
