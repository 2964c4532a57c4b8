"""A chosen mask with a treatment on top of it, fitted on `find` under the same mask."""

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from polysteer.arms.arm import Arm
from polysteer.arms.centred import Centred
from polysteer.arms.erased import Erased
from polysteer.arms.masks import MASKS
from polysteer.arms.sweep import Trial
from polysteer.arms.treatment import Treatment, list_moved
from polysteer.evaluation.case import Case
from polysteer.evaluation.common_rows import list_choice, list_cost
from polysteer.store.rows import Row


class TreatedMasks(Arm):
    """At the layers that the masks were chosen for, which are the ones that `find` was kept of."""

    treatment: ClassVar[Treatment]

    def list_rows(self, case: Case) -> Iterator[Row]:
        for trial in MASKS.list_trials(case.settings, case.targets):
            for label in case.choices(trial.name).labels:
                yield from self._list_mask(case, trial, label)

    def _list_mask(self, case: Case, trial: Trial, label: str) -> Iterator[Row]:
        choices = case.choices(trial.name)
        layers = choices.layers_of(label)
        find, test = (case.read(trial.condition(label), split, layers) for split in ("find", "test"))
        move = self.treatment.fit_on(find, case.fit_languages)
        row = replace(MASKS.describe(case, trial, label), arm=self.key)
        yield from list_choice(row, choices, label)
        yield from list_moved(case, row, move(test), move(find), layers)
        yield from list_cost(case, row, test.losses, trial.target)


class MaskAndCentred(TreatedMasks):
    """Centring on top."""

    key = "mask_and_centred"
    title = "mask, centred"
    definition = (
        "the chosen mask, and on top the languages' means under the mask taken away; `cost` is the mask's"
    )
    treatment = Centred()


class MaskAndErased(TreatedMasks):
    """Erasing on top."""

    key = "mask_and_erased"
    title = "mask, erased"
    definition = (
        "the chosen mask, and on top the span of the languages' differences under the mask taken "
        "away; `cost` is the mask's"
    )
    treatment = Erased()
