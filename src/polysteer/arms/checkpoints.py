"""A model's checkpoints, read without a mask: how its space came about in training."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from polysteer.arms.arm import Arm
from polysteer.arms.baseline import WORDS
from polysteer.config import Experiment
from polysteer.evaluation.case import Case
from polysteer.evaluation.condition import list_condition
from polysteer.evaluation.tags import list_tag_probe
from polysteer.layout import checkpoint_condition
from polysteer.store.rows import Row
from polysteer.trials.readings import Planned, Reading
from polysteer.trials.session import Session

FIND = Reading("checkpoints", "find", keeps="vectors")
TEST = Reading("checkpoints", "test", keeps="vectors")


class Checkpoints(Arm):
    """The baseline of other revisions: every layer, the primary layer in detail."""

    key = "checkpoints"
    title = "checkpoints"
    definition = "the plain model of other revisions; its rows are the baseline's, with their `revision`"

    def list_readings(self, settings: Experiment, n_find: Sequence[int]) -> Iterable[Planned]:
        n_checkpoints = len(settings.model.checkpoints)
        return [Planned(reading, n_checkpoints) for reading in (FIND, TEST, WORDS)]

    def read_checkpoint(self, session: Session) -> None:
        """What a study of training needs, and no more; the session is the checkpoint's own."""
        for reading in (FIND, TEST):
            session.read_plain(reading)
            session.read_words(reading.text)

    def list_rows(self, case: Case) -> Iterator[Row]:
        for name in case.checkpoints:
            condition, picked = checkpoint_condition(name), (case.primary,)
            find, test = (case.read(condition, split) for split in ("find", "test"))
            row = replace(case.base, revision=name)
            yield from list_condition(case, row, find, test, picked=picked, targets=())
            yield from list_tag_probe(case, row, condition, picked=picked)
