"""One experiment as evaluation sees it: its settings, what was read for it, and the plain model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from polysteer.config import Experiment
from polysteer.corpus.corpus_table import Corpus
from polysteer.evaluation.spaces import Spaces
from polysteer.evaluation.topics import read_topics
from polysteer.layout import BASELINE, ExperimentLayout
from polysteer.metrics.choice import Judged, choose_at_layer, choose_with_layer
from polysteer.metrics.mass import Ids, select_own_tokens
from polysteer.metrics.pairing import Pairings
from polysteer.metrics.view import Topics
from polysteer.store.rows import MetricRow
from polysteer.trials.choices import Choices, load_choices
from polysteer.trials.encoded import StoredVectors, load_tokens, read_layers
from polysteer.trials.pairings import pair_rows

if TYPE_CHECKING:
    from polysteer.corpus.classifier import LanguageClassifier

NO_BUDGET = float("inf")


class Plain(NamedTuple):
    """The plain model: its vectors, and where dev liked it best."""

    dev: Spaces
    test: Spaces
    choices: Choices


@dataclass(frozen=True)
class Case:
    """What every list of rows is made from; files are read when they are asked for."""

    settings: Experiment
    corpus: Corpus
    layout: ExperimentLayout
    targets: Sequence[str]
    base: MetricRow
    checkpoints: Sequence[str] = ()

    @property
    def primary(self) -> str:
        """The layer that users of the model take."""
        return str(self.settings.embed.layer)

    @property
    def fit_languages(self) -> Sequence[str]:
        """The languages that the erased subspace is fitted on."""
        return self.settings.steer.erase.find_fit_languages(self.corpus.languages)

    @property
    def unseen(self) -> frozenset[str]:
        """The others."""
        return frozenset(self.corpus.languages) - frozenset(self.fit_languages)

    def read(self, condition: str, split: str, layers: Sequence[str] | None = None) -> Spaces:
        """What was read under one condition, of all its layers or of some."""
        files = {
            language: StoredVectors(self.layout.encoded(condition, split, language))
            for language in self.corpus.languages
        }
        names = next(iter(files.values())).layers if layers is None else layers
        losses = {language: file.loss for language, file in files.items() if file.loss is not None}
        return Spaces(read_layers(files, names), losses, self._pairings_by_split[split])

    @cached_property
    def find(self) -> Spaces:
        """The plain model's vectors of the split where experts, means and subspaces are found."""
        return self.read(BASELINE, "find")

    @cached_property
    def plain(self) -> Plain:
        """The plain model, chosen once."""
        dev, test = (self.read(BASELINE, split) for split in ("dev", "test"))
        return Plain(dev, test, self.choose_freely([dev.judge(BASELINE)]))

    def choices(self, name: str) -> Choices:
        """What dev picked for a target, or of the ways to erase."""
        return load_choices(self.layout.choice(name))

    def choose_freely(self, judged: Sequence[Judged]) -> Choices:
        """The choice in both views for what has no cost and may stand at any layer."""
        return Choices(
            choose_at_layer(judged, layer=self.primary, cost_at_most=NO_BUDGET),
            choose_with_layer(judged, cost_at_most=NO_BUDGET, skip=()),
        )

    @cached_property
    def own_tokens(self) -> Mapping[str, Ids]:
        """Of each language the tokens that occur in its `find` text and in no other's."""
        paths = {language: self.layout.tokens("find", language) for language in self.corpus.languages}
        return select_own_tokens({language: load_tokens(path).ids for language, path in paths.items()})

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

    @cached_property
    def _pairings_by_split(self) -> Mapping[str, Pairings | None]:
        """Nothing is looked for among the sentences of `find`."""
        return {"find": None, **{split: pair_rows(self.corpus, split) for split in ("dev", "test")}}
