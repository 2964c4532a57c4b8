"""The points of the sweep for one target: loaded, judged on dev, and one chosen in each of two views."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from polysteer.artifacts import fingerprint
from polysteer.config import Candidate
from polysteer.masks.mask import ExpertMask
from polysteer.metrics.choice import choose_at_layer, choose_with_layer
from polysteer.trials.choices import Choices
from polysteer.trials.judgement import Judgement, load_judgement, save_judgement
from polysteer.trials.session import Session, Steering
from polysteer.trials.stamps import is_current


def load_candidates(session: Session, target: str) -> list[Steering]:
    """Every mask of the sweep, as the intervention and the strength of each point use it."""
    return [_load(session, target, candidate) for candidate in session.settings.candidates()]


def choose_candidates(session: Session, target: str, candidates: Sequence[Steering]) -> Choices:
    """The best on dev within the budget, at the primary layer and at any."""
    judged = []
    for done, candidate in enumerate(candidates):
        session.progress(f"candidates for {target}", done, len(candidates))
        judgement = _judge_on_dev(session, target, candidate)
        judged.append(judgement.as_judged(session.plain_losses, target))
    budget = session.settings.evaluate.choose.cost_at_most
    return Choices(
        choose_at_layer(judged, layer=session.primary, cost_at_most=budget),
        choose_with_layer(judged, cost_at_most=budget),
    )


def hash_file(path: Path) -> str:
    """Sixteen hex digits of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _load(session: Session, target: str, candidate: Candidate) -> Steering:
    path = session.layout.mask(target, candidate.mask_label)
    mask = ExpertMask.load(path)
    metadata = mask.metadata.model_copy(update={"intervention": candidate.intervention})
    where = session.settings.steer.where
    stamp = fingerprint(hash_file(path), candidate.intervention, candidate.strength, where)
    return Steering(candidate.label, replace(mask, metadata=metadata), candidate.strength, stamp)


def _judge_on_dev(session: Session, target: str, candidate: Steering) -> Judgement:
    path = session.layout.judgement(target, candidate.label)
    n_losses = session.settings.evaluate.choose.cost_texts
    stamp = session.stamp("dev", session.corpus.fingerprint(), candidate.stamp, n_losses)
    if not is_current(path, stamp):
        judgement = session.judge(candidate, "dev", layers=session.layers, n_losses=n_losses)
        save_judgement(path, judgement, stamp=stamp)
    return load_judgement(path)
