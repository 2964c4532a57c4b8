"""Responses: what every neuron answers to every sentence of the `find` split."""

from pathlib import Path

from polysteer.corpus.corpus_table import Corpus
from polysteer.currency import is_current
from polysteer.jsonfile import write_json
from polysteer.masks.interventions import list_statistics
from polysteer.ranking.values import count_sampled_tokens
from polysteer.responses.settings import ResponseSettings
from polysteer.responses.store import find_uncollected
from polysteer.stages.lineage import check_settings, recorded
from polysteer.stages.run import Run


def perform(run: Run) -> str:
    """Let the model read what is not collected yet; without such text it is not even loaded."""
    if not run.settings.candidates():
        run.layout.responses.mkdir(parents=True, exist_ok=True)  # the pipeline looks for it
        return "no experts are asked for"
    check_settings(run, "corpus")
    with recorded(run, "collect"):
        return _collect_missing(run)


def _collect_missing(run: Run) -> str:
    corpus = Corpus.read(run.layout.corpus)
    texts = {language: corpus.texts(language, "find") for language in corpus.languages}
    settings_by_folder = _list_poolings(run)
    uncollected = [find_uncollected(folder, texts, one) for folder, one in settings_by_folder.items()]
    missing = [language for language in texts if any(language in lacking for lacking in uncollected)]
    if missing or not is_current(run.layout.model_facts, run.model_source):
        _collect(run, texts, settings_by_folder)
    n_sentences = sum(len(texts[language]) for language in missing)
    return f"{len(missing)} of {len(texts)} languages read, {n_sentences} sentences"


def _list_poolings(run: Run) -> dict[Path, ResponseSettings]:
    wanted = run.settings.collect
    n_sampled = count_sampled_tokens(run.settings.rank.value, list_statistics(run.settings.steer.on_neurons))
    return {
        run.layout.pooled(name): ResponseSettings(
            run.model_source, wanted.sites, pool, wanted.token_budget, n_sampled
        )
        for name, pool in zip(wanted.pool_names, wanted.pool, strict=True)
    }


def _collect(run: Run, texts: dict[str, list[str]], settings_by_folder: dict[Path, ResponseSettings]) -> None:
    from polysteer.models.sites import describe_shape
    from polysteer.responses.collection import collect_poolings

    loaded = run.load_model()
    shape = describe_shape(loaded.model, overrides=run.settings.model.overrides)
    facts = {"family": shape.family, "shape": shape.fingerprint, "dtype": str(loaded.model.dtype)}
    write_json(run.layout.model_facts, {"fingerprint": run.model_source, **facts})
    collect_poolings(
        loaded.model,
        loaded.tokenizer,
        texts,
        settings_by_folder,
        overrides=run.settings.model.overrides,
        progress=run.progress,
    )
