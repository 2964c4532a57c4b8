"""One experiment's trials: candidates judged on dev, one chosen per target, read on test beside controls."""

from collections.abc import Iterable

from polysteer.layout import checkpoint_condition
from polysteer.masks.mask import ExpertMask
from polysteer.models.layers import Layer
from polysteer.trials.candidates import choose_candidates, load_candidates
from polysteer.trials.choices import Choices, save_choices
from polysteer.trials.controls import Controls
from polysteer.trials.session import Session, Steering


def try_targets(session: Session, targets: Iterable[str]) -> None:
    """The plain model's vectors of every split; then, for each target, its masks and random neurons."""
    _read_baseline(session)
    controls = None
    for target in targets:
        controls = controls or Controls(session)
        candidates = load_candidates(session, target)
        choices = choose_candidates(session, target, candidates)
        save_choices(session.layout.choice(target), choices)
        _read_chosen(session, target, candidates, choices)
        controls.try_target(target, candidates)


def read_checkpoint(session: Session, name: str) -> None:
    """A checkpoint's vectors without a mask: what a study of training needs, and no more."""
    for split in ("find", "test"):
        session.read_plain(split, n_losses=0, condition=checkpoint_condition(name))


def _read_baseline(session: Session) -> None:
    n_cost_texts = session.settings.evaluate.choose.cost_texts
    for split, n_losses in (("find", 0), ("dev", n_cost_texts), ("test", None)):
        session.read_plain(split, n_losses=n_losses)


def _read_chosen(session: Session, target: str, candidates: Iterable[Steering], choices: Choices) -> None:
    """What was chosen, read on test, and on find where it was chosen: means and probes are fitted there."""
    by_label = {candidate.label: candidate for candidate in candidates}
    mask = by_label[choices.same_layer.label].mask
    assert isinstance(mask, ExpertMask)
    mask.save(session.layout.chosen_mask(target))
    for label in choices.labels:
        condition, steering = f"{target}/{label}", by_label[label]
        layers: list[Layer] = [layer for layer in session.layers if str(layer) in choices.layers_of(label)]
        session.read_steered(condition, steering, "find", layers=layers, n_losses=0)
        session.read_steered(condition, steering, "test", layers=session.layers, n_losses=None)
