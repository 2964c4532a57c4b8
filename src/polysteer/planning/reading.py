"""What the model has to read, job by job, as stages/collect and trials/ let it."""

from typing import NamedTuple

from polysteer.config import Experiment
from polysteer.masks.interventions import list_needs
from polysteer.planning.text import TextSize

KINDS_OF_HELD = 2  # random neurons at the experts' values, the experts' values permuted
SIDES, FORWARD_AND_BACK = 2, 3  # of a step of fine-tuning
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
    jobs = [Job("baseline", find + dev + test, dev_losses + test_losses)]
    if settings.model.checkpoints:
        jobs.append(Job("checkpoints", len(settings.model.checkpoints) * (find + test), 0))
    n_states = 1 + len(settings.model.checkpoints)
    jobs.append(Job("words with tags", n_states * text.n_word_tokens, 0))
    sizes = _Sizes(find, dev, test, dev_losses, test_losses, settings.evaluate.controls)
    if n_candidates:
        names = ("candidates on dev", "chosen on find, test", "random neurons")
        jobs.insert(0, Job("collect", find, 0))
        jobs += _list_trials(names, len(settings.targets), n_candidates, n_candidates, sizes)
        jobs.append(Job("the experts' values", len(settings.targets) * count_held_draws(settings) * test, 0))
        n_fewer = len(settings.targets) * count_fewer_draws(settings, text)
        jobs.append(Job("experts from fewer sentences", n_fewer * test, 0))
    if erasures:
        names = ("erased on dev", "erased on find, test", "random subspaces")
        n_drawn_for = len({(point.from_block, point.strength) for point in erasures})
        jobs += _list_trials(names, 1, len(erasures), n_drawn_for, sizes)
    jobs.append(_plan_finetuning(settings, text, dev_losses + test_losses))
    return [job for job in jobs if job.forward_tokens]


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
        if any(list_needs(candidate.intervention) for candidate in settings.candidates())
        else 0
    )
