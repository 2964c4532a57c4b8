"""What all trials of one experiment share: its model and text, its files, and how they are stamped."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from polysteer.artifacts import fingerprint
from polysteer.config import Experiment
from polysteer.corpus.corpus_table import Corpus
from polysteer.corpus.tagged_words import draw_sentences
from polysteer.currency import is_current
from polysteer.jsonfile import write_json
from polysteer.layout import BASELINE, ExperimentLayout
from polysteer.masks.files import AnyMask
from polysteer.masks.subspace import FINAL
from polysteer.metrics.pairing import Pairings
from polysteer.metrics.perplexity import LanguageLoss
from polysteer.models.shape import ModelShape
from polysteer.models.written_text import Writing, WrittenText
from polysteer.progress import Progress
from polysteer.terms import Layer
from polysteer.trials.encoded import StoredVectors, save_tokens, save_vectors, save_words
from polysteer.trials.judgement import Judgement, judge_vectors
from polysteer.trials.kept import load_facts
from polysteer.trials.pairings import pair_rows
from polysteer.trials.readings import Reading, list_layers

if TYPE_CHECKING:
    from polysteer.models.loading import LoadedModel
    from polysteer.trials.reader import Reader

SCHEMA_VERSION = 2
ALL_LOSSES = "all, and how often each token was expected"


class Steering(NamedTuple):
    """A mask at a strength, and the stamp of what both came from."""

    label: str
    mask: AnyMask
    strength: float
    stamp: str
    first_layer: int = 1  # of the embedding layers that it can change

    def changes(self, layer: str) -> bool:
        """Whether vectors of this layer can be other than the plain model's."""
        return layer == FINAL or int(layer) >= self.first_layer


class Session:
    """Reads what is not read yet; every file it leaves is whole and says what it was made from."""

    def __init__(
        self,
        settings: Experiment,
        layout: ExperimentLayout,
        corpus: Corpus,
        load: "Callable[[], LoadedModel]",
        *,
        source: str,
        progress: Progress,
        condition: str = BASELINE,
    ) -> None:
        self.settings, self.layout, self.corpus, self.progress = settings, layout, corpus, progress
        self._load, self._source = load, source
        self._condition = condition  # that of reading without a mask: the model, or one of its checkpoints
        embed = settings.embed
        self._context = (SCHEMA_VERSION, source, embed.pool, embed.specials, embed.token_budget)
        self._pairings: dict[str, Pairings | None] = {}
        self.n_readings = 0

    @property
    def primary(self) -> str:
        """The layer that users of the model take."""
        return str(self.settings.embed.layer)

    @cached_property
    def layers(self) -> list[Layer]:
        """Every layer that is embedded."""
        return list_layers(self.settings, self.shape)

    @cached_property
    def shape(self) -> ModelShape:
        """The model's; found out once and kept, so that a finished experiment needs no model."""
        path, stamp = self.layout.shape(self._condition), fingerprint("shape", SCHEMA_VERSION, self._source)
        if not is_current(path, stamp):
            shape = self._reader.shape()
            facts = vars(shape) | {"width_by_site": dict(shape.width_by_site)}
            write_json(path, {"fingerprint": stamp, **facts})
        return load_facts(path, ModelShape, problem="describes no model")

    @cached_property
    def _reader(self) -> "Reader":
        """Importing torch alone takes seconds: only for work that is left."""
        from polysteer.trials.reader import Reader

        return Reader(self._load, self.corpus, self.settings)

    @cached_property
    def plain_losses(self) -> Mapping[str, LanguageLoss]:
        """The losses on dev without a mask: what costs are measured against."""
        found = {
            language: StoredVectors(self.layout.encoded(BASELINE, "dev", language)).loss
            for language in self.corpus.languages
        }
        return {language: loss for language, loss in found.items() if loss is not None}

    def stamp(self, *parts: object) -> str:
        """The fingerprint of a file that came from these parts, this model and these layers."""
        embed = self.settings.embed
        return fingerprint(self._context, embed.layers, embed.layer, *parts)

    def name_losses(self, reading: Reading) -> int | str:
        """Which losses a file holds, for its stamp: none where the experiment asks for no perplexity."""
        if "perplexity" not in self.settings.evaluate.families:
            return 0
        n_losses = reading.count_losses(self.settings)
        return ALL_LOSSES if n_losses is None else n_losses

    def judge(self, steering: Steering, reading: Reading) -> Judgement:
        """How well translations are found under a mask; no vector is kept."""
        with self._under(steering) as reader:
            return self._judge(steering.label, reader, reading)

    def judge_changed(self, label: str, changed: "LoadedModel", reading: Reading) -> Judgement:
        """How well translations are found by a changed copy of the model; no vector is kept."""
        with self._under(None) as reader:
            return self._judge(label, reader.with_model(changed), reading)

    def load_copy(self) -> "LoadedModel":
        """A copy of the model that may be changed."""
        return self._reader.load_another()

    def read_plain(self, reading: Reading) -> None:
        """Vectors without a mask, language by language, so that one more leaves the others as they are."""
        split, layers = reading.text, self._layers_of(reading)
        for language in self.corpus.languages:
            asked = (self.corpus.fingerprint(language), BASELINE, self.name_losses(reading))
            self._keep_vectors(None, self._condition, reading, [language], layers, self.stamp(split, *asked))

    def read_steered(
        self, condition: str, steering: Steering, reading: Reading, layers: Sequence[Layer]
    ) -> None:
        """Vectors under a mask, of all languages at once."""
        asked = (self.corpus.fingerprint(), steering.stamp, layers, self.name_losses(reading))
        stamp = self.stamp(reading.text, *asked)
        self._keep_vectors(steering, condition, reading, self.corpus.languages, layers, stamp)

    def read_words(self, split: str) -> None:
        """Vectors of the words of tagged sentences without a mask; nothing where the text has no tags."""
        most_words, seed = self.settings.most_words, self.settings.evaluate.seed
        for language in self.corpus.languages:
            sentences = draw_sentences(self.corpus, language, split, most_words=most_words, seed=seed)
            stamp = self.stamp(split, self.corpus.fingerprint(language), "words", most_words, seed)
            path = self.layout.words(self._condition, split, language)
            if sentences and not is_current(path, stamp):
                of_model = self._condition == BASELINE
                self.progress(f"words, {split}" if of_model else f"{self._condition}, words", 0, 1)
                with self._under(None) as reader:
                    save_words(path, reader.read_words(sentences, layers=self.layers), stamp=stamp)

    def count_tokens(self, split: str) -> None:
        """Which tokens each language's text consists of."""
        for language in self.corpus.languages:
            stamp = self.stamp(split, self.corpus.fingerprint(language), "tokens")
            path = self.layout.tokens(split, language)
            if not is_current(path, stamp):
                save_tokens(path, self._reader.count_tokens(split, language), stamp=stamp)

    def write(self, steering: Steering | None, texts: Sequence[str], writing: Writing) -> list[WrittenText]:
        """What the model writes after texts, under a mask if one is given."""
        with self._under(steering) as reader:
            return reader.write(texts, writing)

    @contextmanager
    def _under(self, steering: Steering | None) -> Iterator["Reader"]:
        """One reading, under a mask if one is given."""
        self.n_readings += 1
        if steering is None:
            yield self._reader
        else:
            with self._reader.steered(steering.mask, steering.strength):
                yield self._reader

    def _judge(self, label: str, reader: "Reader", reading: Reading) -> Judgement:
        split, layers, n_losses = reading.text, self._layers_of(reading), reading.count_losses(self.settings)
        read = reader.read(split, self.corpus.languages, layers=layers, n_losses=n_losses)
        if split not in self._pairings:
            self._pairings[split] = pair_rows(self.corpus, split)
        return judge_vectors(label, read, self._pairings[split])

    def _keep_vectors(
        self,
        steering: Steering | None,
        condition: str,
        reading: Reading,
        languages: Sequence[str],
        layers: Sequence[Layer],
        stamp: str,
    ) -> None:
        """A file per language, all read together unless each is there."""
        split, n_losses = reading.text, reading.count_losses(self.settings)
        paths = {language: self.layout.encoded(condition, split, language) for language in languages}
        if all(is_current(path, stamp) for path in paths.values()):
            return
        self.progress(f"{condition}, {split}", 0, 1)
        with self._under(steering) as reader:
            read = reader.read(split, languages, layers=layers, n_losses=n_losses)
        for language, path in paths.items():
            save_vectors(path, read[language], stamp=stamp)

    def _layers_of(self, reading: Reading) -> list[Layer]:
        return self.layers if reading.layers == "all" else [self.settings.embed.layer]
