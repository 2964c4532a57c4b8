"""Experts from fewer sentences: what they gain on test, and how alike the experts of several draws are."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial

import numpy as np

from polysteer.arms.arm import Arm
from polysteer.arms.masks import MASKS
from polysteer.config import Experiment
from polysteer.config.evaluate import EfficiencySettings
from polysteer.currency import is_current
from polysteer.errors import ConfigError
from polysteer.evaluation.case import Case
from polysteer.masks.mask import ExpertMask
from polysteer.masks.metadata import MaskMetadata
from polysteer.metrics.intervals import average_pairs
from polysteer.metrics.names import EXPERT_JACCARD, HALVES_SUFFIX, SCORE_CORRELATION, TOP1_FROM_SENTENCES
from polysteer.metrics.stability import average_with_others
from polysteer.ranking.table import RankTable
from polysteer.responses.store import ResponseStore
from polysteer.store.rows import MetricRow, Row
from polysteer.trials.agreement import Agreement, load_agreement, save_agreement
from polysteer.trials.judgement import Judgement, keep_judgement, load_judgement
from polysteer.trials.readings import Planned, Reading
from polysteer.trials.session import Session, Steering
from polysteer.trials.subsets import Sentences, SubsetRanker, shuffle_sentences

TEST = Reading("experts from fewer sentences", "test", layers="primary", keeps="ranks")
HALVES = "halves"
Tables = Callable[[int], RankTable]  # by draw


class FewerSentences(Arm):
    """The masks chosen at the primary layer, found again on some of the stored responses."""

    key = "fewer_sentences"
    title = "experts from fewer sentences"
    definition = (
        "the chosen masks found again on some of the sentences; its rows are the mask's, with their `draw`"
    )

    def check(self, session: Session) -> None:
        wanted, n_find = session.settings.evaluate.efficiency, _count_find(session)
        if wanted and max(wanted.sentences) > min(n_find.values()):
            raise ConfigError(
                f"evaluate.efficiency asks for {max(wanted.sentences)} sentences per language and `find` has "
                f"{min(n_find.values())}; ask for fewer, or raise corpus.find"
            )

    def list_readings(self, settings: Experiment, n_find: Sequence[int]) -> Iterable[Planned]:
        wanted = settings.evaluate.efficiency
        n_draws = sum(wanted.count_draws(n, n_find) for n in wanted.sentences) if wanted else 0
        yield Planned(TEST, len(settings.targets) * n_draws)

    def read(self, session: Session, targets: Sequence[str]) -> None:
        wanted = session.settings.evaluate.efficiency
        if wanted is None:
            return
        trials = MASKS.list_trials(session.settings, targets)
        chosen = {trial.name: MASKS.load_chosen(session, trial) for trial in trials}
        collect = session.settings.collect
        for pool, folder in zip(collect.pool, collect.pool_names, strict=True):
            own = {target: one for target, one in chosen.items() if _describe(one).pool == pool}
            if own:
                responses = ResponseStore(session.layout.pooled(folder), session.corpus.languages)
                _Search(session, wanted, responses).read(own)

    def list_rows(self, case: Case) -> Iterator[Row]:
        if case.settings.evaluate.efficiency:
            for trial in MASKS.list_trials(case.settings, case.targets):
                yield from _list_target(case, trial.name, MASKS.describe_chosen(case, trial))


class _Search:
    """For the targets whose masks were found by one pooling of responses.

    Draws differ in their sentences; of one draw, fewer sentences are some of the more.
    """

    def __init__(self, session: Session, wanted: EfficiencySettings, responses: ResponseStore) -> None:
        self._session, self._wanted, self._n_find = session, wanted, _count_find(session)
        self._ranker = SubsetRanker(responses, session.settings)
        self._responses = [responses.fingerprint(language) for language in responses.languages]

    def read(self, chosen: Mapping[str, Steering]) -> None:
        """Every number of sentences, then the halves of all."""
        known = [_describe(one) for one in chosen.values()]
        for n_sentences in self._wanted.sentences:
            tables = self._rank_draws(known, partial(_take_first, n_sentences))
            for target, steering in chosen.items():
                self._session.progress(f"{target}: experts from {n_sentences} sentences", 0, 1)
                self._read_number(target, steering, n_sentences, tables)
        halves = [self._rank_draws(known, partial(_take_half, half)) for half in (0, 1)]
        for target, steering in chosen.items():
            self._compare_halves(target, steering, halves)

    def _rank_draws(self, known: Sequence[MaskMetadata], take: Callable[[Sentences], Sentences]) -> Tables:
        """Tables of scores by draw, made when they are asked for and shared by the targets."""
        seed = self._session.settings.evaluate.seed
        return cache(
            lambda draw: self._ranker.rank(take(shuffle_sentences(self._n_find, seed=seed, draw=draw)), known)
        )

    def _read_number(self, target: str, steering: Steering, n_sentences: int, tables: Tables) -> None:
        """Read test under every draw's mask, and compare the draws."""
        layout, known = self._session.layout, _describe(steering)
        n_draws = self._wanted.count_draws(n_sentences, self._n_find.values())
        stamps = [self._stamp(steering, n_sentences, draw) for draw in range(n_draws)]
        for draw, stamp in enumerate(stamps):
            path = layout.fewer_sentences(target, n_sentences, draw)
            keep_judgement(path, partial(self._judge_draw, steering, tables, draw), stamp=stamp)
        path, stamp = layout.agreement(target, str(n_sentences)), self._stamp(steering, stamps)
        if is_current(path, stamp):
            return
        jaccard, correlation = [], []
        if n_draws > 1:
            found = self._ranker.compare([tables(draw) for draw in range(n_draws)], known)
            jaccard, correlation = (average_with_others(numbers).tolist() for numbers in found)
        value = self._ranker.choose_value(known)
        save_agreement(path, Agreement(n_sentences, n_draws, value, jaccard, correlation), stamp=stamp)

    def _judge_draw(self, steering: Steering, tables: Tables, draw: int) -> Judgement:
        mask = self._ranker.rebuild(tables(draw), _describe(steering))
        return self._session.judge(steering._replace(mask=mask), TEST)

    def _compare_halves(self, target: str, steering: Steering, halves: Sequence[Tables]) -> None:
        """Experts of one half of all sentences against those of the other."""
        known, n_draws = _describe(steering), self._wanted.seeds
        path, stamp = self._session.layout.agreement(target, HALVES), self._stamp(steering, HALVES, n_draws)
        if is_current(path, stamp):
            return
        found = [self._ranker.compare([half(draw) for half in halves], known) for draw in range(n_draws)]
        jaccard, correlation = ([float(numbers[0, 1]) for numbers in of] for of in zip(*found, strict=True))
        n_sentences, value = min(self._n_find.values()) // 2, self._ranker.choose_value(known)
        save_agreement(path, Agreement(n_sentences, n_draws, value, jaccard, correlation), stamp=stamp)

    def _stamp(self, steering: Steering, *parts: object) -> str:
        session = self._session
        seed, blocks = session.settings.evaluate.seed, session.settings.rank.blocks
        made_from = (session.corpus.fingerprint(), self._responses, steering.stamp, blocks, seed)
        return session.stamp("efficiency", *made_from, *parts)


def _list_target(case: Case, target: str, row: MetricRow) -> Iterator[Row]:
    """Draws are numbered through all numbers of sentences; `n` is the number that a draw is of."""
    assert case.settings.evaluate.efficiency
    layout, first_draw = case.layout, 0
    for n_sentences in case.settings.evaluate.efficiency.sentences:
        agreement = load_agreement(layout.agreement(target, str(n_sentences)))
        of_number = replace(row, value_statistic=agreement.value_statistic, n=n_sentences)
        for draw in range(agreement.n_draws):
            judgement = load_judgement(layout.fewer_sentences(target, n_sentences, draw))
            found = judgement.retrieval_by_layer[case.primary]
            yield replace(
                of_number,
                metric=TOP1_FROM_SENTENCES,
                draw=first_draw + draw,
                layer=case.primary,
                candidates=found.n_candidates,
                value=average_pairs(found.hits()),
            )
        yield from _list_agreement(of_number, agreement, first_draw, "")
        first_draw += agreement.n_draws
    halves = load_agreement(layout.agreement(target, HALVES))
    of_halves = replace(row, value_statistic=halves.value_statistic, n=halves.n_sentences)
    yield from _list_agreement(of_halves, halves, 0, HALVES_SUFFIX)


def _list_agreement(row: MetricRow, agreement: Agreement, first_draw: int, suffix: str) -> Iterator[Row]:
    for metric, values in ((EXPERT_JACCARD, agreement.jaccard), (SCORE_CORRELATION, agreement.correlation)):
        for draw, value in enumerate(values, start=first_draw):
            yield replace(row, metric=f"{metric}{suffix}", draw=draw, split="find", value=value)


def _count_find(session: Session) -> dict[str, int]:
    corpus = session.corpus
    return {language: len(corpus.ids("find", language)) for language in corpus.languages}


def _describe(steering: Steering) -> MaskMetadata:
    assert isinstance(steering.mask, ExpertMask)
    return steering.mask.metadata


def _take_first(n_sentences: int, shuffled: Sentences) -> Sentences:
    return {language: np.sort(rows[:n_sentences]) for language, rows in shuffled.items()}


def _take_half(half: int, shuffled: Sentences) -> Sentences:
    return {language: np.sort(np.array_split(rows, 2)[half]) for language, rows in shuffled.items()}
