"""What the model has to read, job by job, as stages/collect and trials/ let it."""

from typing import NamedTuple

from polysteer.config import Experiment
from polysteer.planning.text import TextSize

VIEWS = 2  # the choice at the primary layer, and the one of layer and candidate together


class Job(NamedTuple):
    """Reading of one kind: tokens through the model, and how many of them get a loss as well."""

    name: str
    forward_tokens: int
    loss_tokens: int


def list_jobs(settings: Experiment, text: TextSize, *, measures_losses: bool) -> list[Job]:
    """All reading of an experiment that starts from nothing; never less than what will happen."""
    find, dev, test = (text.count_tokens(split) for split in ("find", "dev", "test"))
    n_targets, n_candidates = len(settings.targets), len(settings.candidates())
    n_draws, choose = settings.evaluate.controls, settings.evaluate.choose
    dev_losses = text.count_predicted("dev", choose.cost_texts) if measures_losses else 0
    test_losses = text.count_predicted("test") if measures_losses else 0
    n_chosen = min(n_candidates, VIEWS)
    n_judged_controls = n_candidates if n_candidates > 1 else 0
    return [
        Job("collect", find if n_targets else 0, 0),
        Job("no mask", find + dev + test, dev_losses + test_losses),
        Job("checkpoints", len(settings.model.checkpoints) * (find + test), 0),
        Job("candidates on dev", n_targets * n_candidates * dev, n_targets * n_candidates * dev_losses),
        Job("chosen on find, test", n_targets * n_chosen * (find + test), n_targets * n_chosen * test_losses),
        Job(
            "random neurons",
            n_targets * n_draws * (n_judged_controls * dev + test),
            n_targets * n_draws * n_judged_controls * dev_losses,
        ),
    ]
