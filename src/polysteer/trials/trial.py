"""One experiment's trials: candidates judged on dev, one chosen per target, read on test beside controls."""

from collections.abc import Iterable

from polysteer.masks.mask import ExpertMask
from polysteer.models.layers import Layer
from polysteer.trials.candidates import choose_candidates, load_candidates
from polysteer.trials.choices import Choices, save_choices
from polysteer.trials.controls import Controls
from polysteer.trials.efficiency import Efficiency
from polysteer.trials.extra_controls import ExtraControls
from polysteer.trials.finetuning import try_finetuning
from polysteer.trials.session import Session, Steering


def try_targets(session: Session, targets: Iterable[str], efficiency: Efficiency | None = None) -> None:
    """The plain model's vectors of every split; for each target its masks and controls; fewer sentences."""
    _read_baseline(session)
    if session.settings.evaluate.finetune:
        try_finetuning(session, session.settings.evaluate.finetune)
    controls = Controls(session)
    extra = ExtraControls(session, controls)
    chosen: dict[str, Steering] = {}
    for target in targets:
        candidates = load_candidates(session, target)
        choices = choose_candidates(session, target, candidates)
        save_choices(session.layout.choice(target), choices)
        _read_chosen(session, target, candidates, choices)
        controls.try_target(target, candidates)
        by_label = {candidate.label: candidate for candidate in candidates}
        chosen[target] = by_label[choices.same_layer.label]
        extra.try_target(target, chosen[target])
    if efficiency:
        efficiency.try_targets(chosen)


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
