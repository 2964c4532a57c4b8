"""Vectors: the plain model's, every candidate judged on dev, the chosen masks and their controls on test."""

from typing import TYPE_CHECKING

from polysteer.corpus.parallel import check_comparable
from polysteer.corpus.table import Corpus
from polysteer.responses.store import ResponseStore
from polysteer.stages.run import Run

if TYPE_CHECKING:
    from polysteer.trials.efficiency import Efficiency
    from polysteer.trials.reader import Reader
    from polysteer.trials.session import Session


def perform(run: Run) -> str:
    """Read what is not read yet; without such text the model is not loaded."""
    from polysteer.trials.session import Session
    from polysteer.trials.trial import try_targets

    corpus = Corpus.read(run.layout.corpus)
    targets = run.name_targets(corpus)
    check_comparable(corpus, targets)
    session = Session(
        run.settings,
        run.layout,
        corpus,
        _make_reader(run, corpus),
        source=run.model_source,
        progress=run.progress,
    )
    try_targets(session, list(targets), _plan_efficiency(run, session))
    n_candidates, n_erasures = len(run.settings.candidates()), len(run.settings.erasures())
    tried = [f"{n_candidates} candidates for each of {len(targets)} targets"] if n_candidates else []
    tried += [f"{n_erasures} ways to erase"] if n_erasures else []
    return f"{', '.join(tried)}, " + (
        f"{session.n_readings} readings" if session.n_readings else "nothing to read"
    )


def _plan_efficiency(run: Run, session: "Session") -> "Efficiency | None":
    from polysteer.trials.efficiency import Efficiency

    wanted = run.settings.evaluate.efficiency
    if wanted is None or not run.settings.candidates():
        return None
    return Efficiency(session, wanted, ResponseStore(run.layout.responses, session.corpus.languages))


def _make_reader(run: Run, corpus: Corpus) -> "Reader":
    from polysteer.trials.reader import Reader

    settings = run.settings
    return Reader(
        run.load_model,
        corpus,
        pool=settings.embed.pool,
        token_budget=settings.embed.token_budget,
        overrides=run.overrides,
        where=settings.steer.where,
        measures_losses="perplexity" in settings.evaluate.families,
    )
