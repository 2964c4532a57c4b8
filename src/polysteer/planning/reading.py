"""What the model has to read, job by job, as stages/collect and trials/ let it."""

from typing import NamedTuple

from polysteer.config import Experiment
from polysteer.planning.text import TextSize

VIEWS = 2  # the choice at the primary layer, and the one of layer and candidate together


class Job(NamedTuple):
    """Reading of one kind: tokens through the model, and how many of them get a loss as well.

    Where text is written, a loss stands for a prediction: each new token waits for the one before it.
    """

    name: str
    forward_tokens: int
    loss_tokens: int
    is_written: bool = False


def list_jobs(settings: Experiment, text: TextSize, *, measures_losses: bool) -> list[Job]:
    """All reading of an experiment that starts from nothing; never less than what will happen."""
    find, dev, test = (text.count_tokens(split) for split in ("find", "dev", "test"))
    n_candidates, erasures = len(settings.candidates()), settings.erasures()
    choose = settings.evaluate.choose
    dev_losses = text.count_predicted("dev", choose.cost_texts) if measures_losses else 0
    test_losses = text.count_predicted("test") if measures_losses else 0
    jobs = [Job("no mask", find + dev + test, dev_losses + test_losses)]
    if settings.model.checkpoints:
        jobs.append(Job("checkpoints", len(settings.model.checkpoints) * (find + test), 0))
    sizes = _Sizes(find, dev, test, dev_losses, test_losses, settings.evaluate.controls)
    if n_candidates:
        names = ("candidates on dev", "chosen on find, test", "random neurons")
        jobs.insert(0, Job("collect", find, 0))
        jobs += _list_trials(names, len(settings.targets), n_candidates, n_candidates, sizes)
    if erasures:
        names = ("erased on dev", "erased on find, test", "random subspaces")
        n_drawn_for = len({(point.from_block, point.strength) for point in erasures})
        jobs += _list_trials(names, 1, len(erasures), n_drawn_for, sizes)
    return jobs


class _Sizes(NamedTuple):
    """Tokens of each split, of those with a loss, and how many draws there are."""

    find: int
    dev: int
    test: int
    dev_losses: int
    test_losses: int
    n_draws: int


def _list_trials(
    names: tuple[str, str, str], n_trials: int, n_candidates: int, n_drawn_for: int, sizes: _Sizes
) -> list[Job]:
    """Every candidate on dev, what was chosen, and the draws; a single thing to draw for needs no choice."""
    find, dev, test, dev_losses, test_losses, n_draws = sizes
    on_dev, chosen, drawn = names
    n_chosen = n_trials * min(n_candidates, VIEWS)
    n_judged = n_drawn_for if n_drawn_for > 1 else 0
    return [
        Job(on_dev, n_trials * n_candidates * dev, n_trials * n_candidates * dev_losses),
        Job(chosen, n_chosen * (find + test), n_chosen * test_losses),
        Job(drawn, n_trials * n_draws * (n_judged * dev + test), n_trials * n_draws * n_judged * dev_losses),
    ]
