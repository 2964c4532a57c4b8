"""What is done to finished vectors: fitted on `find` at each layer by itself, and chosen on dev."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import cache

from polysteer.arms.arm import Arm
from polysteer.evaluation.case import Case
from polysteer.evaluation.common_rows import list_choice
from polysteer.evaluation.condition import list_condition
from polysteer.evaluation.spaces import Spaces
from polysteer.metrics.vectors import VectorsByLanguage
from polysteer.store.rows import MetricRow, Row
from polysteer.trials.choices import Choices

Fitted = Callable[[VectorsByLanguage], VectorsByLanguage]
Move = Callable[[Spaces], Spaces]


class Treatment(Arm):
    """One way to move vectors, the same for all targets. Nothing is read for it, and it has no cost."""

    def fit(self, find: VectorsByLanguage, languages: Sequence[str]) -> Fitted:
        """What to do to one layer's vectors, given those of `find`; `languages` are those of a shared fit."""
        raise NotImplementedError

    def fit_on(self, find: Spaces, languages: Sequence[str]) -> Move:
        """The same at every layer, each fitted when it is first asked for."""
        fit = cache(lambda layer: self.fit(find.by_layer[layer], languages))
        return lambda spaces: spaces.move(lambda layer, vectors: fit(layer)(vectors))

    def list_rows(self, case: Case) -> Iterator[Row]:
        move = self.fit_on(case.find, case.fit_languages)
        choices = case.choose_freely([move(case.plain.dev).judge(self.key)])
        yield from list_rival(case, replace(case.base, arm=self.key), move, choices, self.key)


def list_rival(case: Case, row: MetricRow, move: Move, choices: Choices, label: str) -> Iterator[Row]:
    """What a way to move the plain model's vectors does, in the views that it was chosen for."""
    yield from list_choice(row, choices, label)
    yield from list_moved(case, row, move(case.plain.test), move(case.find), choices.layers_of(label))


def list_moved(
    case: Case, row: MetricRow, test: Spaces, find: Spaces, picked: Collection[str]
) -> Iterator[Row]:
    """What a way to move vectors does on test, and among the sentences of `find` if that is asked for."""
    targets = [row.target] if row.target else case.targets
    yield from list_condition(case, row, find, test, picked=picked, targets=targets, in_full=False)
