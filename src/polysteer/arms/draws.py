"""Random draws against a sweep: each gets the same choice on dev as what it stands against."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

from polysteer.arms.arm import Arm
from polysteer.arms.sweep import Sweep, Trial, pick_point
from polysteer.config import Experiment
from polysteer.evaluation.case import Case
from polysteer.evaluation.common_rows import list_means, list_towards
from polysteer.metrics.choice import choose_at_layer
from polysteer.metrics.directions import list_kinds
from polysteer.metrics.retrieval import Retrieval
from polysteer.metrics.series import Series
from polysteer.store.rows import ChoiceRow, MetricRow, Row
from polysteer.trials.judgement import Judgement, keep_judgement, load_judgement
from polysteer.trials.readings import Planned, Reading
from polysteer.trials.session import Session, Steering


class Draws(Arm):
    """Random counterparts of a sweep's points, each draw with its own choice among them."""

    against: ClassVar[Sweep]
    job: ClassVar[str]

    def draw_one(self, session: Session, point: Steering, draw: int) -> Steering:
        """The random counterpart of a point."""
        raise NotImplementedError

    def list_points(self, session: Session, trial: Trial) -> list[Steering]:
        """What counterparts are drawn of."""
        return self.against.load_points(session, trial)

    def count_points(self, settings: Experiment) -> int:
        """How many that is."""
        return self.against.count_points(settings)

    def stamp_source(self, session: Session, points: Sequence[Steering]) -> str:
        """Of what draws depend on beside the points."""
        return ""

    def list_readings(self, settings: Experiment, n_find: Sequence[int]) -> Iterable[Planned]:
        """A single point needs no choice."""
        n_points = self.count_points(settings)
        n_draws = len(self.against.list_trials(settings, settings.targets)) * settings.evaluate.controls
        yield Planned(self._on_dev, n_draws * (n_points if n_points > 1 else 0))
        yield Planned(self._on_test, n_draws)

    def read(self, session: Session, targets: Sequence[str]) -> None:
        evaluate = session.settings.evaluate
        for trial in self.against.list_trials(session.settings, targets):
            points = self.list_points(session, trial)
            made_from = [point.stamp for point in points], self.stamp_source(session, points)
            for draw in range(evaluate.controls):
                session.progress(f"random draws for {trial.name}", draw, evaluate.controls)
                parts = (*made_from, evaluate.seed, draw, evaluate.choose)
                keep_judgement(
                    session.layout.control(trial.name, draw),
                    partial(self._judge, session, trial, points, draw),
                    stamp=session.stamp("control", session.corpus.fingerprint(), *parts),
                )

    def list_rows(self, case: Case) -> Iterator[Row]:
        """Every draw, at the primary layer."""
        for trial in self.against.list_trials(case.settings, case.targets):
            for draw in range(case.settings.evaluate.controls):
                judgement = load_judgement(case.layout.control(trial.name, draw))
                row = self.against.describe(case, trial, judgement.label)
                found = judgement.retrieval_by_layer[case.primary]
                own = replace(row, arm=self.key, draw=draw)
                kinds, targets = list_kinds(found, case.unseen), trial.concerns(case.targets)
                yield from list_draw(case, own, found, targets=targets, kinds=kinds)

    @property
    def _on_dev(self) -> Reading:
        return Reading(self.job, "dev", layers="primary", losses="budget")

    @property
    def _on_test(self) -> Reading:
        return Reading(self.job, "test", layers="primary", keeps="ranks")

    def _judge(self, session: Session, trial: Trial, points: Sequence[Steering], draw: int) -> Judgement:
        return session.judge(self._choose(session, trial, points, draw), self._on_test)

    def _choose(self, session: Session, trial: Trial, points: Sequence[Steering], draw: int) -> Steering:
        """What dev picks among the counterparts of one draw, by the points' own rule."""
        drawn = [self.draw_one(session, point, draw) for point in points]
        if len(drawn) == 1:
            return drawn[0]
        judged = [
            session.judge(one, self._on_dev).as_judged(session.plain_losses, trial.target) for one in drawn
        ]
        budget = session.settings.evaluate.choose.cost_at_most
        label = choose_at_layer(judged, layer=session.primary, cost_at_most=budget).label
        return pick_point(drawn, label)


def list_draw(
    case: Case, row: MetricRow, found: Retrieval, *, targets: Sequence[str], kinds: Iterable[Series] = ()
) -> Iterator[Row]:
    """One of many draws, at the primary layer: means without intervals."""
    row = replace(row, layer=case.primary)
    yield ChoiceRow(row, "same_layer", row.layer)
    yield from list_means(row, [*list_towards(found, targets), *kinds])
