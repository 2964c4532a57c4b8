"""What is done to finished vectors: fitted on `find` at each layer by itself, and chosen on dev."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import cache

from polysteer.arms.arm import Arm
from polysteer.evaluation.case import Case
from polysteer.evaluation.condition import list_condition
from polysteer.evaluation.evidence import ByLanguage, Spaces
from polysteer.evaluation.spaces import judge_retrieval, list_choice, retrieve_by_layer
from polysteer.metrics.choice import Choice
from polysteer.store.rows import MetricRow, Row

Fitted = Callable[[ByLanguage], ByLanguage]
Move = Callable[[Spaces], Spaces]


class Treatment(Arm):
    """One way to move vectors, the same for all targets. Nothing is read for it, and it has no cost."""

    def fit(self, find: ByLanguage, languages: Sequence[str]) -> Fitted:
        """What to do to one layer's vectors, given those of `find`; `languages` are those of a shared fit."""
        raise NotImplementedError

    def fit_on(self, find: Spaces, languages: Sequence[str]) -> Move:
        """The same at every layer, each fitted when it is first asked for."""
        fit = cache(lambda layer: self.fit(find.by_layer[layer], languages))
        return lambda spaces: spaces.move(lambda layer, vectors: fit(layer)(vectors))

    def list_rows(self, case: Case) -> Iterator[Row]:
        move = self.fit_on(case.evidence.find, case.evidence.fit_languages)
        judged = judge_retrieval(self.key, retrieve_by_layer(move(case.plain.dev)))
        row = replace(case.base, arm=self.key)
        yield from list_rival(case, row, move, *case.choose_freely([judged]))


def list_rival(
    case: Case, row: MetricRow, move: Move, same: Choice | None, best: Choice | None
) -> Iterator[Row]:
    """What a way to move the plain model's vectors does, in the views that it was chosen for."""
    picked = [choice.layer for choice in (same, best) if choice]
    yield from list_choice(row, same, best)
    yield from list_moved(case, row, move(case.plain.test), move(case.evidence.find), picked)


def list_moved(
    case: Case, row: MetricRow, test: Spaces, find: Spaces, picked: Collection[str]
) -> Iterator[Row]:
    """What a way to move vectors does on test, and among the sentences of `find` if that is asked for."""
    targets = [row.target] if row.target else case.targets
    yield from list_condition(case, row, find, test, picked=picked, targets=targets, in_full=False)
