"""The rival that trains: a copy of the model, fine-tuned on `find`'s translations, reads dev and test."""

from typing import TYPE_CHECKING

from polysteer.config.evaluate import FinetuneSettings
from polysteer.trials.judgement import save_judgement
from polysteer.trials.session import Session
from polysteer.trials.stamps import is_current

if TYPE_CHECKING:
    from polysteer.models.loading import LoadedModel


def try_finetuning(session: Session, wanted: FinetuneSettings) -> None:
    """Tune at the primary layer and keep what the tuned model scored there; its weights are not kept."""
    evaluate, layer = session.settings.evaluate, session.settings.embed.layer
    splits: dict[str, int | None] = {"dev": evaluate.choose.cost_texts, "test": None}
    made_from = (session.corpus.fingerprint(), wanted, evaluate.seed)
    stamps = {split: session.stamp("contrastive", *made_from, split, n) for split, n in splits.items()}
    if all(is_current(session.layout.tuned(split), stamp) for split, stamp in stamps.items()):
        return
    tuned = _tune(session, wanted)
    for split, n_losses in splits.items():
        judgement = session.judge_changed("contrastive", tuned, split, layers=[layer], n_losses=n_losses)
        save_judgement(session.layout.tuned(split), judgement, stamp=stamps[split])


def _tune(session: Session, wanted: FinetuneSettings) -> "LoadedModel":
    from polysteer.embeddings.contrastive import Tuning, tune_on_translations

    corpus, embed = session.corpus, session.settings.embed
    texts_by_meaning: dict[str, dict[str, str]] = {meaning: {} for meaning in corpus.ids("find")}
    for language in corpus.languages:
        sentences = corpus.texts(language, "find")
        for meaning, text in zip(corpus.ids("find", language), sentences, strict=True):
            texts_by_meaning[meaning][language] = text
    loaded = session.load_copy()
    tune_on_translations(
        loaded,
        list(texts_by_meaning.values()),
        Tuning(wanted.steps, wanted.batch, wanted.learning_rate, wanted.temperature),
        layer=embed.layer,
        pool=embed.pool,
        seed=session.settings.evaluate.seed,
        progress=session.progress,
    )
    return loaded
