"""What the model has to read, job by job, as stages/collect and trials/ let it."""

from typing import NamedTuple

from polysteer.config import Experiment
from polysteer.masks.interventions import list_needs
from polysteer.planning.text import TextSize

KINDS_OF_HELD = 2  # random neurons at the experts' values, the experts' values permuted
SIDES, FORWARD_AND_BACK = 2, 3  # of a step of fine-tuning
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
    n_held = count_held_draws(settings)
    jobs = [
        Job("collect", find, 0),
        Job("no mask", find + dev + test, dev_losses + test_losses),
        Job("candidates on dev", n_targets * n_candidates * dev, n_targets * n_candidates * dev_losses),
        Job("chosen on find, test", n_targets * n_chosen * (find + test), n_targets * n_chosen * test_losses),
        Job(
            "random neurons",
            n_targets * n_draws * (n_judged_controls * dev + test),
            n_targets * n_draws * n_judged_controls * dev_losses,
        ),
        Job("the experts' values", n_targets * n_held * test, 0),
        Job("experts from fewer sentences", n_targets * count_fewer_draws(settings, text) * test, 0),
        _plan_finetuning(settings, text, dev_losses + test_losses),
    ]
    return [job for job in jobs if job.forward_tokens]


def _plan_finetuning(settings: Experiment, text: TextSize, n_losses: int) -> Job:
    """A step back counts as two forward; every sentence of it as the longest of `find`."""
    wanted = settings.evaluate.finetune
    if wanted is None:
        return Job("fine-tuning", 0, 0)
    longest = max(int(counts.max()) for counts in text.n_tokens["find"].values())
    n_trained = FORWARD_AND_BACK * SIDES * wanted.steps * wanted.batch * longest
    return Job("fine-tuning", n_trained + text.count_tokens("dev") + text.count_tokens("test"), n_losses)


def count_fewer_draws(settings: Experiment, text: TextSize) -> int:
    """Draws of fewer sentences, for each target."""
    wanted = settings.evaluate.efficiency
    n_find = [len(counts) for counts in text.n_tokens["find"].values()]
    return sum(wanted.count_draws(n, n_find) for n in wanted.sentences) if wanted else 0


def count_held_draws(settings: Experiment) -> int:
    """Draws of random neurons at the experts' values and of permuted experts, for each target."""
    return (
        KINDS_OF_HELD * settings.evaluate.extra_draws
        if any(map(list_needs, settings.steer.intervention))
        else 0
    )
