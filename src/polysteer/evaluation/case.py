"""One experiment as evaluation sees it: its settings, its evidence, and the plain model to compare with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from polysteer.config import Experiment
from polysteer.corpus.corpus_table import Corpus
from polysteer.errors import ArtifactError
from polysteer.evaluation.evidence import Evidence, Spaces
from polysteer.evaluation.probes import read_topics
from polysteer.evaluation.spaces import judge_retrieval, retrieve_by_layer
from polysteer.layout import BASELINE
from polysteer.metrics.choice import Choice, Judged, choose_at_layer, choose_with_layer
from polysteer.metrics.view import Topics
from polysteer.store.rows import MetricRow

if TYPE_CHECKING:
    from polysteer.corpus.classifier import LanguageClassifier

NO_BUDGET = float("inf")


class Plain(NamedTuple):
    """The plain model: its vectors, and where dev liked it best."""

    dev: Spaces
    test: Spaces
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
        """The plain model, chosen once."""
        dev, test = (self.evidence.read(BASELINE, split) for split in ("dev", "test"))
        same, best = self.choose_freely([judge_retrieval(BASELINE, retrieve_by_layer(dev))])
        return Plain(dev, test, same, best)

    @cached_property
    def topics(self) -> Topics | None:
        """What the topic probe reads."""
        return read_topics(self.corpus)

    @cached_property
    def classifier(self) -> "LanguageClassifier":
        """Tells in which language a text is written, by the texts of `find`."""
        from polysteer.corpus.classifier import LanguageClassifier

        return LanguageClassifier(
            {language: self.corpus.texts(language, "find") for language in self.corpus.languages}
        )

    def choose_freely(self, judged: Sequence[Judged]) -> tuple[Choice, Choice]:
        """The choice in both views for what has no cost and may stand at any layer."""
        same = choose_at_layer(judged, layer=self.primary, cost_at_most=NO_BUDGET)
        return same, choose_with_layer(judged, cost_at_most=NO_BUDGET, skip=())
