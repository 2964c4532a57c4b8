"""What the other targets' chosen masks do: whether any language's experts would have done."""

from collections.abc import Iterator
from dataclasses import replace

from polysteer.arms.arm import Arm
from polysteer.arms.draws import list_draw
from polysteer.arms.masks import MASKS
from polysteer.evaluation.case import Case
from polysteer.store.rows import Row


class OtherMasks(Arm):
    """A draw is the place of the mask's own target in the list."""

    key = "other_masks"
    title = "others' masks"
    as_control = "the masks of other targets"
    definition = (
        "the masks chosen for the other targets, at the primary layer; `draw` is the place of the "
        "mask's own target in the experiment's list, from 0, and `k`, `score`, ... are that mask's"
    )

    def list_rows(self, case: Case) -> Iterator[Row]:
        trials = MASKS.list_trials(case.settings, case.targets)
        for place, other in enumerate(trials):
            label = case.choices(other.name).same_layer.label
            found = case.read(other.condition(label), "test").retrieve(case.primary)
            held = MASKS.describe(case, other, label)
            for trial in trials:
                if trial != other:
                    row = replace(held, target=trial.name, arm=self.key, draw=place)
                    yield from list_draw(case, row, found, targets=[trial.name])
