"""One experiment's trials: candidates judged on dev, one chosen per target, read on test beside controls."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from polysteer.artifacts import fingerprint
from polysteer.config import Candidate, Experiment
from polysteer.corpus.table import Corpus
from polysteer.layout import BASELINE, ExperimentLayout
from polysteer.masks.mask import ExpertMask
from polysteer.metrics.choice import choose_at_layer, choose_with_layer
from polysteer.metrics.pairing import Pairings
from polysteer.metrics.perplexity import LanguageLoss
from polysteer.models.layers import Layer
from polysteer.progress import Progress
from polysteer.ranking.experts import build_control
from polysteer.ranking.table import RankTable
from polysteer.trials.choices import Choices, save_choices
from polysteer.trials.judgement import Judgement, load_judgement, save_judgement
from polysteer.trials.pairings import pair_rows
from polysteer.trials.reader import Reader, judge_vectors
from polysteer.trials.stamps import is_current
from polysteer.trials.vectors import load_vectors, save_vectors

SCHEMA_VERSION = 1


class Steering(NamedTuple):
    """A mask at a strength, and the stamp of what both came from."""

    label: str
    mask: ExpertMask
    strength: float
    stamp: str


class Trial:
    """Reads what is not read yet; every file it leaves is whole and says what it was made from."""

    def __init__(
        self,
        settings: Experiment,
        layout: ExperimentLayout,
        corpus: Corpus,
        reader: Reader,
        *,
        source: str,
        progress: Progress,
    ) -> None:
        self._settings, self._layout, self._corpus, self._reader = settings, layout, corpus, reader
        self._progress = progress
        self._table = RankTable.load(layout.scores)
        self._table_stamp = _hash_file(layout.scores)
        self._context = (SCHEMA_VERSION, source, settings.embed.pool, settings.embed.token_budget)
        self._pairings: dict[str, Pairings | None] = {}
        self.n_readings = 0

    def read_baseline(self) -> None:
        """Every split of every language, without a mask."""
        n_cost_texts = self._settings.evaluate.choose.cost_texts
        for split, n_losses in (("find", 0), ("dev", n_cost_texts), ("test", None)):
            self._read_plain(split, n_losses=n_losses)

    def try_target(self, target: str) -> None:
        """Judge all candidates on dev, choose, read the choice on test; the same with random neurons."""
        candidates = [self._load(target, candidate) for candidate in self._settings.candidates()]
        choices = self._choose(target, candidates)
        save_choices(self._layout.choice(target), choices)
        by_label = {candidate.label: candidate for candidate in candidates}
        by_label[choices.same_layer.label].mask.save(self._layout.chosen_mask(target))
        for label in dict.fromkeys([choices.same_layer.label, choices.best_layer.label]):
            self._read_steered(target, by_label[label])
        n_draws = self._settings.evaluate.controls
        for draw in range(n_draws):
            self._progress(f"random neurons for {target}", draw, n_draws)
            self._try_control(target, candidates, draw)

    def _load(self, target: str, candidate: Candidate) -> Steering:
        path = self._layout.mask(target, candidate.mask_label)
        mask = ExpertMask.load(path)
        metadata = mask.metadata.model_copy(update={"intervention": candidate.intervention})
        where = self._settings.steer.where
        stamp = fingerprint(_hash_file(path), candidate.intervention, candidate.strength, where)
        return Steering(candidate.label, replace(mask, metadata=metadata), candidate.strength, stamp)

    def _choose(self, target: str, candidates: Sequence[Steering]) -> Choices:
        judged = []
        for done, candidate in enumerate(candidates):
            self._progress(f"candidates for {target}", done, len(candidates))
            judgement = self._judge_on_dev(target, candidate)
            judged.append(judgement.as_judged(self._plain_losses, target))
        budget = self._settings.evaluate.choose.cost_at_most
        return Choices(
            choose_at_layer(judged, layer=self._primary, cost_at_most=budget),
            choose_with_layer(judged, cost_at_most=budget),
        )

    def _judge_on_dev(self, target: str, candidate: Steering) -> Judgement:
        path = self._layout.judgement(target, candidate.label)
        n_losses = self._settings.evaluate.choose.cost_texts
        stamp = self._stamp("dev", self._corpus.fingerprint(), candidate.stamp, n_losses)
        if not is_current(path, stamp):
            judgement = self._judge(candidate, "dev", layers=self._layers, n_losses=n_losses)
            save_judgement(path, judgement, stamp=stamp)
        return load_judgement(path)

    def _try_control(self, target: str, candidates: Sequence[Steering], draw: int) -> None:
        """One draw of random neurons for every candidate; the same rule chooses among them on dev."""
        evaluate = self._settings.evaluate
        path = self._layout.control(target, draw)
        stamps = [candidate.stamp for candidate in candidates]
        stamp = self._stamp(
            "control",
            self._corpus.fingerprint(),
            stamps,
            self._table_stamp,
            evaluate.seed,
            draw,
            evaluate.choose,
        )
        if is_current(path, stamp):
            return
        controls = {
            candidate.label: candidate._replace(
                mask=build_control(self._table, candidate.mask, seed=evaluate.seed, draw=draw)
            )
            for candidate in candidates
        }
        chosen = controls[self._choose_control(target, list(controls.values()))]
        judgement = self._judge(chosen, "test", layers=[self._settings.embed.layer], n_losses=0)
        save_judgement(path, judgement, stamp=stamp)

    def _choose_control(self, target: str, controls: Sequence[Steering]) -> str:
        if len(controls) == 1:
            return controls[0].label
        choose = self._settings.evaluate.choose
        judged = []
        for control in controls:
            layers = [self._settings.embed.layer]
            judgement = self._judge(control, "dev", layers=layers, n_losses=choose.cost_texts)
            judged.append(judgement.as_judged(self._plain_losses, target))
        return choose_at_layer(judged, layer=self._primary, cost_at_most=choose.cost_at_most).label

    def _judge(self, steering: Steering, split: str, *, layers: Sequence[Layer], n_losses: int) -> Judgement:
        self.n_readings += 1
        languages = self._corpus.languages
        with self._reader.steered(steering.mask, steering.strength):
            read = self._reader.read(split, languages, layers=layers, n_losses=n_losses)
        return judge_vectors(steering.label, read, self._pair_rows(split))

    def _read_plain(self, split: str, *, n_losses: int | None) -> None:
        """Language by language, so that one more language leaves the others as they are."""
        for language in self._corpus.languages:
            stamp = self._stamp(split, self._corpus.fingerprint(language), BASELINE, n_losses)
            path = self._layout.encoded(BASELINE, split, language)
            if not is_current(path, stamp):
                self._progress(f"no mask, {split}", 0, 1)
                self.n_readings += 1
                read = self._reader.read(split, [language], layers=self._layers, n_losses=n_losses)
                save_vectors(path, read[language], stamp=stamp)

    def _read_steered(self, target: str, chosen: Steering) -> None:
        """All languages at once, under the mask."""
        languages = self._corpus.languages
        paths = {
            language: self._layout.encoded(f"{target}/{chosen.label}", "test", language)
            for language in languages
        }
        stamp = self._stamp("test", self._corpus.fingerprint(), chosen.stamp, None)
        if all(is_current(path, stamp) for path in paths.values()):
            return
        self.n_readings += 1
        with self._reader.steered(chosen.mask, chosen.strength):
            read = self._reader.read("test", languages, layers=self._layers, n_losses=None)
        for language, path in paths.items():
            save_vectors(path, read[language], stamp=stamp)

    def _stamp(self, *parts: object) -> str:
        embed = self._settings.embed
        return fingerprint(self._context, embed.layers, embed.layer, *parts)

    @property
    def _primary(self) -> str:
        return str(self._settings.embed.layer)

    @cached_property
    def _layers(self) -> list[Layer]:
        wanted = self._settings.embed.layers
        return self._reader.all_layers() if wanted == "all" else list(wanted)

    def _pair_rows(self, split: str) -> Pairings | None:
        if split not in self._pairings:
            self._pairings[split] = pair_rows(self._corpus, split)
        return self._pairings[split]

    @cached_property
    def _plain_losses(self) -> Mapping[str, LanguageLoss]:
        found = {
            language: load_vectors(self._layout.encoded(BASELINE, "dev", language)).loss
            for language in self._corpus.languages
        }
        return {language: loss for language, loss in found.items() if loss is not None}


def _hash_file(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
