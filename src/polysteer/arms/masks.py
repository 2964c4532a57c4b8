"""Experts held while the model reads: the masks of every target, as the sweep has them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from polysteer.arms.sweep import Sweep, Trial
from polysteer.artifacts import fingerprint
from polysteer.checksums import hash_file
from polysteer.config import Candidate, Experiment
from polysteer.evaluation.case import Case
from polysteer.layout import MASK
from polysteer.masks.mask import ExpertMask
from polysteer.ranking.table import REMEDY
from polysteer.store.rows import MetricRow
from polysteer.tensorfile import open_artifact
from polysteer.trials.session import Session, Steering


class Masks(Sweep):
    """A target's experts held at a constant."""

    key = MASK
    title = "mask"
    definition = "the experts of a target held while the model reads, by the `intervention`; a row per target"
    jobs = ("candidates on dev", "chosen on find, test")

    def list_trials(self, settings: Experiment, targets: Sequence[str]) -> list[Trial]:
        return [Trial(target, target) for target in targets] if settings.candidates() else []

    def count_points(self, settings: Experiment) -> int:
        return len(settings.candidates())

    def load_points(self, session: Session, trial: Trial) -> list[Steering]:
        return [_load(session, trial.name, candidate) for candidate in session.settings.candidates()]

    def describe_points(self, case: Case, trial: Trial) -> Mapping[str, MetricRow]:
        return {
            candidate.label: _describe(case, trial.name, candidate)
            for candidate in case.settings.candidates()
        }


MASKS = Masks()


def _load(session: Session, target: str, candidate: Candidate) -> Steering:
    path = session.layout.mask(target, candidate.mask_label)
    open_artifact(path, remedy=REMEDY)
    mask = ExpertMask.load(path)
    metadata = mask.metadata.model_copy(update={"intervention": candidate.intervention})
    where = session.settings.steer.where
    stamp = fingerprint(hash_file(path), candidate.intervention, candidate.strength, where)
    return Steering(candidate.label, replace(mask, metadata=metadata), candidate.strength, stamp)


def _describe(case: Case, target: str, candidate: Candidate) -> MetricRow:
    collect = case.settings.collect
    own = candidate.experts == "own"
    return replace(
        case.base,
        arm=MASK,
        target=target,
        intervention=candidate.intervention,
        strength=candidate.strength,
        sites="+".join(candidate.sites or collect.sites),
        response_pooling=candidate.pool or collect.pool[0],
        score=candidate.score if own else f"{candidate.score}_{candidate.experts}",
        value_statistic=candidate.value,
        k=candidate.k,
    )
