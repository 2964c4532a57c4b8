"""Everything moved along the mean difference towards a target, as strongly as dev likes it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from polysteer.arms.arm import Arm
from polysteer.arms.treatment import Fitted, Treatment, list_rival
from polysteer.embeddings.language_means import add_direction, average_languages, mean_difference
from polysteer.evaluation.case import Case
from polysteer.metrics.vectors import VectorsByLanguage
from polysteer.store.rows import Row

STRENGTHS = (0.5, 1.0, 2.0)


class MeanDifference(Arm):
    """For every target, at the strength that dev picks in each view."""

    key = "mean_difference"
    title = "mean difference"
    definition = "the target's mean less the others', added as strongly as dev likes it; a row per target"
    as_rival = "adding the mean difference vector"

    def list_rows(self, case: Case) -> Iterator[Row]:
        for target in case.targets:
            yield from self._list_target(case, target)

    def _list_target(self, case: Case, target: str) -> Iterator[Row]:
        ways = {str(strength): Added(target, strength).fit_on(case.find, ()) for strength in STRENGTHS}
        choices = case.choose_freely([move(case.plain.dev).judge(label) for label, move in ways.items()])
        for label in choices.labels:
            row = replace(case.base, arm=self.key, target=target, strength=float(label))
            yield from list_rival(case, row, ways[label], choices, label)


class Added(Treatment):
    """One direction at one strength."""

    def __init__(self, target: str, strength: float) -> None:
        self._target, self._strength = target, strength

    def fit(self, find: VectorsByLanguage, languages: Sequence[str]) -> Fitted:
        direction = mean_difference(average_languages(find), self._target)
        return lambda vectors: add_direction(vectors, direction, self._strength)
