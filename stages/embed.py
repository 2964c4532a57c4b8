"""Vectors: the plain model's, every candidate judged on dev, the chosen masks and their controls on test."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from polysteer.corpus.corpus_table import Corpus
from polysteer.corpus.parallel import check_comparable
from polysteer.layout import BASELINE, checkpoint_condition
from polysteer.responses.store import ResponseStore
from polysteer.stages.lineage import check_settings, recorded
from polysteer.stages.run import Run

if TYPE_CHECKING:
    from polysteer.models.loading import LoadedModel
    from polysteer.trials.efficiency import Efficiency
    from polysteer.trials.reader import Reader
    from polysteer.trials.session import Session


def perform(run: Run) -> str:
    """Read what is not read yet; without such text no model is loaded, and never two at once."""
    corpus = Corpus.read(run.layout.corpus)
    targets = run.name_targets(corpus)
    check_comparable(corpus, targets)
    check_settings(run, "rank" if run.settings.candidates() else "corpus")
    checkpoints = run.checkpoints  # a revision that is not there is refused before anything is read
    with recorded(run, "embed"):
        n_readings = _read_model(run, corpus, list(targets))
        n_readings += sum(_read_checkpoint(run, corpus, number) for number in range(len(checkpoints)))
    n_candidates, n_erasures = len(run.settings.candidates()), len(run.settings.erasures())
    tried = [f"{n_candidates} candidates for each of {len(targets)} targets"] if n_candidates else []
    tried += [f"{n_erasures} ways to erase"] if n_erasures else []
    tried += [f"{len(checkpoints)} checkpoints"] if checkpoints else []
    return ", ".join([*tried, f"{n_readings} readings" if n_readings else "nothing to read"])


def _plan_efficiency(run: Run, session: "Session") -> "Efficiency | None":
    from polysteer.trials.efficiency import Efficiency

    wanted, collect = run.settings.evaluate.efficiency, run.settings.collect
    if wanted is None or not run.settings.candidates():
        return None
    folders = [run.layout.pooled(pool) for pool in collect.pool_names]
    responses: dict[str, ResponseStore] = {
        pool: ResponseStore(folder, session.corpus.languages)
        for pool, folder in zip(collect.pool, folders, strict=True)
    }
    return Efficiency(session, wanted, responses)


def _read_model(run: Run, corpus: Corpus, targets: list[str]) -> int:
    from polysteer.trials.trial import try_targets

    run.layout.chosen.mkdir(parents=True, exist_ok=True)  # the pipeline looks for it
    session = _make_session(run, corpus, run.load_model, run.model_source, BASELINE)
    try_targets(session, targets, _plan_efficiency(run, session))
    return session.n_readings


def _read_checkpoint(run: Run, corpus: Corpus, number: int) -> int:
    from polysteer.trials.trial import read_checkpoint

    checkpoint = run.checkpoints[number]
    load, condition = partial(run.load_checkpoint, checkpoint), checkpoint_condition(checkpoint.name)
    session = _make_session(run, corpus, load, checkpoint.source, condition)
    read_checkpoint(session, checkpoint.name)
    return session.n_readings


def _make_session(
    run: Run, corpus: Corpus, load: Callable[[], "LoadedModel"], source: str, condition: str
) -> "Session":
    from polysteer.trials.session import Session

    open_reader = partial(_open_reader, run, corpus, load)
    return Session(
        run.settings,
        run.layout,
        corpus,
        open_reader,
        source=source,
        progress=run.progress,
        condition=condition,
    )


def _open_reader(run: Run, corpus: Corpus, load: Callable[[], "LoadedModel"]) -> "Reader":
    from polysteer.trials.reader import Reader

    settings = run.settings
    return Reader(
        load,
        corpus,
        pool=settings.embed.pool,
        include_specials=settings.embed.specials,
        token_budget=settings.embed.token_budget,
        overrides=run.overrides,
        where=settings.steer.where,
        measures_losses="perplexity" in settings.evaluate.families,
    )
