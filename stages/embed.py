"""Vectors: the plain model's, every candidate judged on dev, the chosen masks and their controls on test."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from polysteer.corpus.corpus_table import Corpus
from polysteer.corpus.parallel import check_comparable
from polysteer.layout import BASELINE, checkpoint_condition
from polysteer.stages.lineage import check_settings, recorded
from polysteer.stages.run import Run

if TYPE_CHECKING:
    from polysteer.models.loading import LoadedModel
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


def _read_model(run: Run, corpus: Corpus, targets: list[str]) -> int:
    from polysteer.arms.experiment import read_arms

    run.layout.chosen.mkdir(parents=True, exist_ok=True)  # the pipeline looks for it
    session = _make_session(run, corpus, run.load_model, run.model_source, BASELINE)
    read_arms(session, targets)
    return session.n_readings


def _read_checkpoint(run: Run, corpus: Corpus, number: int) -> int:
    from polysteer.arms.checkpoints import Checkpoints

    checkpoint = run.checkpoints[number]
    load, condition = partial(run.load_checkpoint, checkpoint), checkpoint_condition(checkpoint.name)
    session = _make_session(run, corpus, load, checkpoint.source, condition)
    Checkpoints().read_checkpoint(session)
    return session.n_readings


def _make_session(
    run: Run, corpus: Corpus, load: Callable[[], "LoadedModel"], source: str, condition: str
) -> "Session":
    from polysteer.trials.session import Session

    return Session(
        run.settings,
        run.layout,
        corpus,
        load,
        source=source,
        progress=run.progress,
        condition=condition,
    )
