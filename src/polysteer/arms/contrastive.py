"""The rival that trains: a copy of the model, fine-tuned on `find`'s translations, reads dev and test."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from polysteer.arms.arm import Arm
from polysteer.config import Experiment
from polysteer.config.evaluate import FinetuneSettings
from polysteer.currency import is_current
from polysteer.evaluation.case import Case
from polysteer.evaluation.common_rows import list_cost, list_dev, list_losses, list_retrieval
from polysteer.store.rows import ChoiceRow, Row
from polysteer.trials.judgement import load_judgement, save_judgement
from polysteer.trials.readings import Planned, Reading
from polysteer.trials.session import Session

if TYPE_CHECKING:
    from polysteer.models.loading import LoadedModel

JOB = "fine-tuning"
STEP = Reading(JOB, "longest")
DEV = Reading(JOB, "dev", layers="primary", losses="budget", keeps="ranks")
TEST = Reading(JOB, "test", layers="primary", losses="all", keeps="ranks")
SIDES, FORWARD_AND_BACK = 2, 3  # of a step: a step back counts as two forward


class Contrastive(Arm):
    """Tuned at the primary layer; its weights are not kept. It has no target, so its cost is over all."""

    key = "contrastive"
    title = "fine-tuned"
    definition = (
        "a copy of the model after a short contrastive fine-tuning on the translations in `find` "
        "(`evaluate.finetune`, see below), at the primary layer"
    )
    as_rival = "fine-tuning on translations"

    def list_readings(self, settings: Experiment, n_find: Sequence[int]) -> Iterable[Planned]:
        wanted = settings.evaluate.finetune
        if wanted:
            yield Planned(STEP, FORWARD_AND_BACK * SIDES * wanted.steps * wanted.batch)
            yield Planned(DEV, 1)
            yield Planned(TEST, 1)

    def read(self, session: Session, targets: Sequence[str]) -> None:
        wanted, seed = session.settings.evaluate.finetune, session.settings.evaluate.seed
        if wanted is None:
            return
        made_from = ("contrastive", session.corpus.fingerprint(), wanted, seed)
        stamps = {
            reading: session.stamp(*made_from, reading.text, reading.count_losses(session.settings))
            for reading in (DEV, TEST)
        }
        paths = {reading: session.layout.tuned(reading.text) for reading in stamps}
        if all(is_current(paths[reading], stamp) for reading, stamp in stamps.items()):
            return
        tuned = _tune(session, wanted)
        for reading, stamp in stamps.items():
            save_judgement(paths[reading], session.judge_changed(self.key, tuned, reading), stamp=stamp)

    def list_rows(self, case: Case) -> Iterator[Row]:
        evaluate = case.settings.evaluate
        if evaluate.finetune is None:
            return
        row = replace(case.base, arm=self.key)
        dev, test = (load_judgement(case.layout.tuned(split)) for split in ("dev", "test"))
        judged = dev.as_judged(case.plain.dev.losses, None)
        yield from list_dev(row, judged)
        within = judged.cost is None or judged.cost <= evaluate.choose.cost_at_most
        yield ChoiceRow(row, "same_layer", case.primary, within)
        at_layer = replace(row, layer=case.primary)
        yield from list_retrieval(case, at_layer, test.retrieval_by_layer[case.primary])
        yield from list_losses(row, test.losses)
        yield from list_cost(case, row, test.losses, None)


def _tune(session: Session, wanted: FinetuneSettings) -> "LoadedModel":
    from polysteer.embeddings.translation_tuning import Tuning, tune_on_translations

    corpus, embed = session.corpus, session.settings.embed
    texts_by_meaning: dict[str, dict[str, str]] = {meaning: {} for meaning in corpus.ids("find")}
    for language in corpus.languages:
        ids, texts = corpus.ids("find", language), corpus.texts(language, "find")
        for meaning, text in zip(ids, texts, strict=True):
            texts_by_meaning[meaning][language] = text
    loaded = session.load_copy()
    tune_on_translations(
        loaded,
        list(texts_by_meaning.values()),
        Tuning(wanted.steps, wanted.batch, wanted.learning_rate, wanted.temperature),
        layer=embed.layer,
        pool=embed.pool,
        include_specials=embed.specials,
        seed=session.settings.evaluate.seed,
        progress=session.progress,
    )
    return loaded
