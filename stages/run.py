"""What every stage is handed: one experiment, where its artifacts stand, and whom to tell."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from polysteer.artifacts import fingerprint
from polysteer.config import Experiment
from polysteer.config.model import ModelSettings
from polysteer.corpus.corpus_table import Corpus
from polysteer.corpus.languages import resolve_language
from polysteer.errors import LanguageError
from polysteer.layout import ExperimentLayout
from polysteer.progress import Progress, stay_silent

if TYPE_CHECKING:
    from polysteer.models.loading import LoadedModel


class Checkpoint(NamedTuple):
    """One state of the model beside the experiment's own."""

    name: str
    model: ModelSettings
    source: str


@dataclass(frozen=True)
class Run:
    """One experiment on its way through the pipeline."""

    name: str
    settings: Experiment
    layout: ExperimentLayout
    progress: Progress = stay_silent

    def name_targets(self, corpus: Corpus) -> dict[str, str]:
        """The corpus's code of every target -> the user's own form, in the order of the file.

        Where no languages are named, only the text tells that `yo` is its `yo-Latn`.
        """
        targets = {resolve_language(target, corpus.languages): target for target in self.settings.targets}
        if len(targets) < len(self.settings.targets):
            raise LanguageError(
                f"two of the targets {', '.join(self.settings.targets)} are one language in this text, "
                f"which has {', '.join(targets)}; keep one of them"
            )
        return targets

    @cached_property
    def model_source(self) -> str:
        """Which model reads, and in which precision, for the stamps of what it makes."""
        return _identify(self.settings.model)

    @cached_property
    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """Those of the file, without one that is the experiment's own model: that is read anyway."""
        model = self.settings.model
        named = ((checkpoint.name, model.at(checkpoint)) for checkpoint in model.checkpoints)
        found = [Checkpoint(name, state, _identify(state)) for name, state in named]
        return tuple(checkpoint for checkpoint in found if checkpoint.source != self.model_source)

    def load_model(self) -> "LoadedModel":
        """The model of the experiment. Importing torch alone takes seconds: only for work that is left."""
        return self._load(self.settings.model)

    def load_checkpoint(self, checkpoint: Checkpoint) -> "LoadedModel":
        """One of its checkpoints."""
        return self._load(checkpoint.model)

    def _load(self, model: ModelSettings) -> "LoadedModel":
        from polysteer.models.loading import load_model

        return load_model(model.id, **model.model_dump(exclude={"id", "sites"}))


def _identify(model: ModelSettings) -> str:
    from polysteer.models.identity import identify_model

    identity = identify_model(model.id, revision=model.revision)
    return fingerprint(identity, model.dtype, model.sites)
