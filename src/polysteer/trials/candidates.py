"""Points of a sweep: loaded, judged on dev, one chosen in each of two views, and that one read on test."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from polysteer.artifacts import fingerprint
from polysteer.config import Candidate
from polysteer.masks.chosen import ChosenSettings
from polysteer.masks.files import AnyMask
from polysteer.masks.mask import ExpertMask
from polysteer.metrics.choice import choose_at_layer, choose_with_layer
from polysteer.models.shape import Layer
from polysteer.tensorfile import open_artifact
from polysteer.trials.choices import Choices, save_choices
from polysteer.trials.judgement import Judgement, load_judgement, save_judgement
from polysteer.trials.session import Session, Steering
from polysteer.trials.stamps import is_current


def load_candidates(session: Session, target: str) -> list[Steering]:
    """Every mask of the sweep, as the intervention and the strength of each point use it."""
    return [_load(session, target, candidate) for candidate in session.settings.candidates()]


def choose_candidates(
    session: Session, name: str, candidates: Sequence[Steering], *, target: str | None
) -> Choices:
    """The best on dev within the budget, at the primary layer and at any it changes; kept under the name."""
    judged, where_changed = [], []
    for done, candidate in enumerate(candidates):
        session.progress(f"candidates for {name}", done, len(candidates))
        judgement = _judge_on_dev(session, name, candidate)
        judged.append(judgement.as_judged(session.plain_losses, target))
        scores = judged[-1].score_by_layer
        changed = {layer: score for layer, score in scores.items() if candidate.changes(layer)}
        where_changed.append(judged[-1]._replace(score_by_layer=changed))
    budget = session.settings.evaluate.choose.cost_at_most
    choices = Choices(
        choose_at_layer(judged, layer=session.primary, cost_at_most=budget),
        choose_with_layer(where_changed, cost_at_most=budget),
    )
    save_choices(session.layout.choice(name), choices)
    return choices


def read_chosen(session: Session, name: str, candidates: Sequence[Steering], choices: Choices) -> None:
    """What was chosen, read on test, and on find where it was chosen: means and probes are fitted there."""
    by_label = {candidate.label: candidate for candidate in candidates}
    _settle(session, by_label[choices.same_layer.label]).save(session.layout.chosen_mask(name))
    for label in choices.labels:
        condition, steering = f"{name}/{label}", by_label[label]
        layers: list[Layer] = [layer for layer in session.layers if str(layer) in choices.layers_of(label)]
        session.read_steered(condition, steering, "find", layers=layers, n_losses=0)
        session.read_steered(condition, steering, "test", layers=session.layers, n_losses=None)


def _settle(session: Session, steering: Steering) -> AnyMask:
    """What was chosen at the primary layer, with all that its vectors were made with."""
    settings = session.settings
    chosen = ChosenSettings(
        strength=steering.strength,
        where=settings.steer.where,
        layer=session.primary,
        pool=settings.embed.pool,
        specials=settings.embed.specials,
        dtype=settings.model.dtype,
    )
    metadata = steering.mask.metadata.model_copy(update={"chosen": chosen})
    return replace(steering.mask, metadata=metadata)  # type: ignore[arg-type]


def hash_file(path: Path) -> str:
    """Sixteen hex digits of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _load(session: Session, target: str, candidate: Candidate) -> Steering:
    path = session.layout.mask(target, candidate.mask_label)
    open_artifact(path, remedy="run `steer rank`, which makes it anew")
    mask = ExpertMask.load(path)
    metadata = mask.metadata.model_copy(update={"intervention": candidate.intervention})
    where = session.settings.steer.where
    stamp = fingerprint(hash_file(path), candidate.intervention, candidate.strength, where)
    return Steering(candidate.label, replace(mask, metadata=metadata), candidate.strength, stamp)


def _judge_on_dev(session: Session, name: str, candidate: Steering) -> Judgement:
    path = session.layout.judgement(name, candidate.label)
    n_losses = session.settings.evaluate.choose.cost_texts
    stamp = session.stamp("dev", session.corpus.fingerprint(), candidate.stamp, session.name_losses(n_losses))
    if not is_current(path, stamp):
        judgement = session.judge(candidate, "dev", layers=session.layers, n_losses=n_losses)
        save_judgement(path, judgement, stamp=stamp)
    return load_judgement(path)
