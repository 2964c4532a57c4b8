"""One experiment as evaluation sees it: its settings, its evidence, and the plain model to compare with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from polysteer.config import Candidate, Experiment
from polysteer.config.erase import Erasure
from polysteer.corpus.table import Corpus
from polysteer.errors import ArtifactError
from polysteer.evaluation.evidence import Evidence, Spaces
from polysteer.evaluation.probes import read_topics
from polysteer.evaluation.spaces import judge_retrieval, retrieve_by_layer
from polysteer.layout import BASELINE
from polysteer.masks.subspace import SITE
from polysteer.metrics.choice import Choice, Judged, choose_at_layer, choose_with_layer
from polysteer.metrics.retrieval import Retrieval
from polysteer.metrics.view import Topics
from polysteer.store.rows import ERASED_IN_MODEL, MetricRow

NO_BUDGET = float("inf")


class Plain(NamedTuple):
    """The plain model: its vectors, how well translations are found on test, and where dev liked it best."""

    dev: Spaces
    test: Spaces
    retrieval_by_layer: dict[str, Retrieval]
    same: Choice
    best: Choice


def pick_row(row_by_label: Mapping[str, MetricRow], label: str) -> MetricRow:
    """The row of the point that a file is of; a file of other settings is refused."""
    if label in row_by_label:
        return row_by_label[label]
    experiment = next(iter(row_by_label.values())).experiment
    raise ArtifactError(
        f"the vectors of {experiment} were made for other settings: {label!r} is no point of this sweep; "
        f"run `steer embed {experiment}`, which reads only what is missing"
    )


@dataclass(frozen=True)
class Case:
    """What every list of rows is made from."""

    settings: Experiment
    corpus: Corpus
    evidence: Evidence
    targets: Sequence[str]
    base: MetricRow
    checkpoints: Sequence[str] = ()

    @property
    def primary(self) -> str:
        """The layer that users of the model take."""
        return str(self.settings.embed.layer)

    @property
    def unseen(self) -> frozenset[str]:
        """The languages that the erased subspace was not fitted on."""
        return frozenset(self.corpus.languages) - frozenset(self.evidence.fit_languages)

    @cached_property
    def plain(self) -> Plain:
        """The plain model, read and retrieved once."""
        dev, test = (self.evidence.read(BASELINE, split) for split in ("dev", "test"))
        same, best = self.choose_freely([judge_retrieval(BASELINE, retrieve_by_layer(dev))])
        return Plain(dev, test, retrieve_by_layer(test), same, best)

    @cached_property
    def under_masks(self) -> dict[str, Retrieval]:
        """By target: how well translations are found on test, at the primary layer, under its chosen mask."""
        return {target: self._retrieve_under_mask(target) for target in self.targets}

    @cached_property
    def topics(self) -> Topics | None:
        """What the topic probe reads."""
        return read_topics(self.corpus)

    def choose_freely(self, judged: Sequence[Judged]) -> tuple[Choice, Choice]:
        """The choice in both views for what has no cost and may stand at any layer."""
        same = choose_at_layer(judged, layer=self.primary, cost_at_most=NO_BUDGET)
        return same, choose_with_layer(judged, cost_at_most=NO_BUDGET, skip=())

    def describe(self, target: str, candidate: Candidate) -> MetricRow:
        """The columns that say which mask a number is of."""
        return replace(
            self.base,
            target=target,
            intervention=candidate.intervention,
            strength=candidate.strength,
            sites="+".join(candidate.sites or self.settings.collect.sites),
            response_pooling=candidate.pool or self.settings.collect.pool[0],
            score=candidate.score if candidate.experts == "own" else f"{candidate.score}_{candidate.experts}",
            held_statistic=candidate.value,
            k=candidate.k,
        )

    def describe_chosen(self, target: str) -> MetricRow:
        """The same of the mask that was chosen for the primary layer."""
        return self.describe_label(target, self.evidence.choices(target).same_layer.label)

    def describe_label(self, target: str, label: str) -> MetricRow:
        """The same of the point that a file is of; a file of other settings is refused."""
        rows = {candidate.label: self.describe(target, candidate) for candidate in self.settings.candidates()}
        return pick_row(rows, label)

    def describe_erasure(self, point: Erasure) -> MetricRow:
        """The columns that say how the languages' subspace was taken out of the model: for no target."""
        return replace(
            self.base,
            intervention=ERASED_IN_MODEL,
            strength=point.strength,
            sites=f"{SITE}[{point.from_block}:]",
            score=point.method,
        )

    def _retrieve_under_mask(self, target: str) -> Retrieval:
        label = self.evidence.choices(target).same_layer.label
        return retrieve_by_layer(self.evidence.read(f"{target}/{label}", "test", [self.primary]))[
            self.primary
        ]
