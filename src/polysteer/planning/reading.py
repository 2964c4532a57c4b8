"""What the model has to read, job by job: every arm's readings, added up."""

from collections.abc import Sequence
from typing import NamedTuple

from polysteer.arms import ARMS
from polysteer.config import Experiment
from polysteer.planning.text import TextSize
from polysteer.trials.readings import Planned, Reading

COLLECT = Planned(Reading("collect", "find"), 1)


class Job(NamedTuple):
    """Reading of one kind: tokens through the model, and how many of them get a loss as well.

    Where text is written, a loss stands for a prediction: each new token waits for the one before it.
    """

    name: str
    forward_tokens: int
    loss_tokens: int
    is_written: bool = False


def list_readings(settings: Experiment, text: TextSize) -> list[Planned]:
    """All reading of an experiment that starts from nothing; never less than what will happen."""
    n_find = [len(counts) for counts in text.n_tokens["find"].values()]
    planned = [COLLECT] if settings.candidates() else []
    return planned + [one for arm in ARMS for one in arm.list_readings(settings, n_find)]


def list_jobs(
    settings: Experiment, text: TextSize, readings: Sequence[Planned], *, measures_losses: bool
) -> list[Job]:
    """Readings of one name together, in their order."""
    jobs: dict[str, Job] = {}
    for reading, times in readings:
        before = jobs.get(reading.job, Job(reading.job, 0, 0))
        most = reading.count_losses(settings) if measures_losses else 0
        n_losses = 0 if most == 0 else text.count_predicted(reading.text, most)
        n_tokens = text.count_tokens(reading.text)
        jobs[reading.job] = Job(
            reading.job, before.forward_tokens + times * n_tokens, before.loss_tokens + times * n_losses
        )
    return [job for job in jobs.values() if job.forward_tokens]
