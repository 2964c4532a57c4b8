"""One experiment's trials: candidates judged on dev, one chosen per target, read on test beside controls."""

from collections.abc import Sequence

from polysteer.layout import checkpoint_condition
from polysteer.trials.candidates import choose_candidates, load_candidates, read_chosen
from polysteer.trials.controls import Controls
from polysteer.trials.efficiency import Efficiency
from polysteer.trials.erasure import check_erasures, try_erasures
from polysteer.trials.extra_controls import ExtraControls
from polysteer.trials.finetuning import try_finetuning
from polysteer.trials.session import Session, Steering
from polysteer.trials.writing import write_chosen, write_plain


def try_targets(session: Session, targets: Sequence[str], efficiency: Efficiency | None = None) -> None:
    """The plain model's texts and vectors, and a tuned copy's; each target's masks; the subspace's."""
    check_erasures(session)  # before anything is read
    for split in ("find", "test"):  # first, as a tokenizer may be refused for it
        session.read_words(split)
    write_plain(session, targets)
    _read_baseline(session)
    if session.settings.evaluate.finetune:
        try_finetuning(session, session.settings.evaluate.finetune)
    if session.settings.candidates():
        chosen = _try_masks(session, targets)
        if efficiency:
            efficiency.try_targets(chosen)
    try_erasures(session, targets)


def _try_masks(session: Session, targets: Sequence[str]) -> dict[str, Steering]:
    """Each target's masks and their controls; gives what was chosen at the primary layer."""
    controls = Controls(session)
    extra = ExtraControls(session, controls)
    chosen: dict[str, Steering] = {}
    for target in targets:
        candidates = load_candidates(session, target)
        choices = choose_candidates(session, target, candidates, target=target)
        read_chosen(session, target, candidates, choices)
        chosen[target] = next(one for one in candidates if one.label == choices.same_layer.label)
        write_chosen(session, target, candidates, choices, [target])
        controls.try_target(target, candidates)
        extra.try_target(target, chosen[target])
    return chosen


def read_checkpoint(session: Session, name: str) -> None:
    """A checkpoint's vectors without a mask: what a study of training needs, and no more."""
    for split in ("find", "test"):
        session.read_plain(split, n_losses=0, condition=checkpoint_condition(name))
        session.read_words(split, condition=checkpoint_condition(name))


def _read_baseline(session: Session) -> None:
    n_cost_texts = session.settings.evaluate.choose.cost_texts
    for split, n_losses in (("find", 0), ("dev", n_cost_texts), ("test", None)):
        session.read_plain(split, n_losses=n_losses)
    if "perplexity" in session.settings.evaluate.families:
        for split in ("find", "test"):
            session.count_tokens(split)
