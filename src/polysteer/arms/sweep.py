"""What acts in the model in several ways: every way judged on dev, one chosen in each view, read on test."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, NamedTuple

from polysteer.arms.arm import Arm
from polysteer.config import Experiment
from polysteer.errors import ArtifactError
from polysteer.evaluation.case import Case
from polysteer.evaluation.common_rows import list_choice, list_cost, list_dev
from polysteer.evaluation.condition import list_condition
from polysteer.evaluation.expectation import list_masses
from polysteer.evaluation.translated import list_translated
from polysteer.evaluation.written_language import list_written
from polysteer.layout import steered_condition
from polysteer.masks.chosen import ChosenSettings
from polysteer.masks.files import AnyMask
from polysteer.metrics.choice import choose_at_layer, choose_with_layer
from polysteer.store.rows import MetricRow, Row
from polysteer.trials.choices import Choices, load_choices, save_choices
from polysteer.trials.judgement import Judgement, keep_judgement, load_judgement
from polysteer.trials.readings import Planned, Reading
from polysteer.trials.session import Session, Steering
from polysteer.trials.writing_tasks import write_texts

VIEWS = 2  # the choice at the primary layer, and that of layer and point together


class Trial(NamedTuple):
    """What is chosen from together: the masks of a target, or all ways that lead to none."""

    name: str
    target: str | None

    def condition(self, label: str) -> str:
        """Under which name what a point does is kept."""
        return steered_condition(self.name, label)

    def concerns(self, targets: Sequence[str]) -> Sequence[str]:
        """The targets to look at: its own, or all where it leads to none of them."""
        return targets if self.target is None else [self.target]


class Sweep(Arm):
    """An arm whose points are judged on dev."""

    jobs: ClassVar[tuple[str, str]]  # what a plan calls judging on dev, and reading what was chosen

    def list_trials(self, settings: Experiment, targets: Sequence[str]) -> list[Trial]:
        """None where no such arm is asked for."""
        raise NotImplementedError

    def count_points(self, settings: Experiment) -> int:
        """Of each trial."""
        raise NotImplementedError

    def load_points(self, session: Session, trial: Trial) -> list[Steering]:
        """Every point, ready to be read under."""
        raise NotImplementedError

    def describe_points(self, case: Case, trial: Trial) -> Mapping[str, MetricRow]:
        """By label the columns that say which point a number is of."""
        raise NotImplementedError

    def list_readings(self, settings: Experiment, n_find: Sequence[int]) -> Iterable[Planned]:
        n_trials, n_points = len(self.list_trials(settings, settings.targets)), self.count_points(settings)
        if n_trials:
            n_chosen = min(n_points, VIEWS)
            yield Planned(self._on_dev, n_trials * n_points)
            yield Planned(self._on_find._replace(layers=VIEWS // n_chosen), n_trials * n_chosen)
            yield Planned(self._on_test, n_trials * n_chosen)

    def list_writing(self, settings: Experiment, targets: Sequence[str]) -> Iterable[Sequence[str]]:
        return [trial.concerns(targets) for trial in self.list_trials(settings, targets)]

    def read(self, session: Session, targets: Sequence[str]) -> None:
        for trial in self.list_trials(session.settings, targets):
            points = self.load_points(session, trial)
            choices = self._choose(session, trial, points)
            self._read_chosen(session, trial, points, choices)
            chosen = pick_point(points, choices.same_layer.label)
            _settle(session, chosen).save(session.layout.chosen_mask(trial.name))
            write_texts(session, trial.condition(chosen.label), chosen, trial.concerns(targets))

    def load_chosen(self, session: Session, trial: Trial) -> Steering:
        """What was chosen at the primary layer."""
        label = load_choices(session.layout.choice(trial.name)).same_layer.label
        return pick_point(self.load_points(session, trial), label)

    def describe_chosen(self, case: Case, trial: Trial) -> MetricRow:
        """The row of what was chosen at the primary layer."""
        return self.describe(case, trial, case.choices(trial.name).same_layer.label)

    def describe(self, case: Case, trial: Trial, label: str) -> MetricRow:
        """The row of the point that a file is of; a file of other settings is refused."""
        row_by_label = self.describe_points(case, trial)
        if label in row_by_label:
            return row_by_label[label]
        raise ArtifactError(
            f"the vectors of {case.base.experiment} were made for other settings: {label!r} is no point of "
            f"this sweep; run `steer embed {case.base.experiment}`, which reads only what is missing"
        )

    def list_rows(self, case: Case) -> Iterator[Row]:
        """What dev saw of every point, and what was chosen on test."""
        for trial in self.list_trials(case.settings, case.targets):
            for label, row in self.describe_points(case, trial).items():
                judged = load_judgement(case.layout.judgement(trial.name, label))
                yield from list_dev(row, judged.as_judged(case.plain.dev.losses, trial.target))
            choices = case.choices(trial.name)
            for label in choices.labels:
                yield from self._list_chosen(case, trial, choices, label)

    @property
    def _on_dev(self) -> Reading:
        return Reading(self.jobs[0], "dev", losses="budget", keeps="ranks")

    @property
    def _on_find(self) -> Reading:
        return Reading(self.jobs[1], "find", layers=1, keeps="vectors")

    @property
    def _on_test(self) -> Reading:
        return Reading(self.jobs[1], "test", losses="all", keeps="vectors")

    def _choose(self, session: Session, trial: Trial, points: Sequence[Steering]) -> Choices:
        """The best on dev within the budget, at the primary layer and at any it changes; kept."""
        judged, where_changed = [], []
        for done, point in enumerate(points):
            session.progress(f"candidates for {trial.name}", done, len(points))
            judgement = self._judge_on_dev(session, trial.name, point)
            judged.append(judgement.as_judged(session.plain_losses, trial.target))
            scores = judged[-1].score_by_layer
            changed = {layer: score for layer, score in scores.items() if point.changes(layer)}
            where_changed.append(judged[-1]._replace(score_by_layer=changed))
        budget = session.settings.evaluate.choose.cost_at_most
        choices = Choices(
            choose_at_layer(judged, layer=session.primary, cost_at_most=budget),
            choose_with_layer(where_changed, cost_at_most=budget),
        )
        save_choices(session.layout.choice(trial.name), choices)
        return choices

    def _judge_on_dev(self, session: Session, name: str, point: Steering) -> Judgement:
        path = session.layout.judgement(name, point.label)
        losses = session.name_losses(self._on_dev)
        stamp = session.stamp("dev", session.corpus.fingerprint(), point.stamp, losses)
        keep_judgement(path, lambda: session.judge(point, self._on_dev), stamp=stamp)
        return load_judgement(path)

    def _read_chosen(
        self, session: Session, trial: Trial, points: Sequence[Steering], choices: Choices
    ) -> None:
        """On test, and on find where it was chosen: means and probes are fitted there."""
        for label in choices.labels:
            condition, point = trial.condition(label), pick_point(points, label)
            picked = [layer for layer in session.layers if str(layer) in choices.layers_of(label)]
            session.read_steered(condition, point, self._on_find, picked)
            session.read_steered(condition, point, self._on_test, session.layers)

    def _list_chosen(self, case: Case, trial: Trial, choices: Choices, label: str) -> Iterator[Row]:
        """Of what was chosen for the primary layer also what is written."""
        row, condition = self.describe(case, trial, label), trial.condition(label)
        find, test = (case.read(condition, split) for split in ("find", "test"))
        targets, picked = trial.concerns(case.targets), choices.layers_of(label)
        yield from list_choice(row, choices, label)
        yield from list_condition(case, row, find, test, picked=picked, targets=targets)
        yield from list_cost(case, row, test.losses, trial.target)
        yield from list_masses(case, row, condition, targets)
        if label == choices.same_layer.label:
            yield from list_written(case, row, condition, targets)
            yield from list_translated(case, row, condition, targets)


def pick_point(points: Sequence[Steering], label: str) -> Steering:
    """The point of a label."""
    return next(point for point in points if point.label == label)


def _settle(session: Session, point: Steering) -> AnyMask:
    """What was chosen at the primary layer, with all that its vectors were made with."""
    settings = session.settings
    chosen = ChosenSettings(
        strength=point.strength,
        where=settings.steer.where,
        layer=session.primary,
        pool=settings.embed.pool,
        specials=settings.embed.specials,
        dtype=settings.model.dtype,
    )
    metadata = point.mask.metadata.model_copy(update={"chosen": chosen})
    return replace(point.mask, metadata=metadata)  # type: ignore[arg-type]
