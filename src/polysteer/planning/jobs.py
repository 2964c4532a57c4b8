"""What the model has to read and to write, job by job: what every arm asks of it, added up."""

from collections.abc import Sequence
from typing import NamedTuple

from transformers import PreTrainedTokenizerBase

from polysteer.arms import ARMS
from polysteer.config import Experiment
from polysteer.corpus.corpus_table import Corpus
from polysteer.corpus.languages import resolve_language
from polysteer.models.batch_writing import cut_prompts
from polysteer.models.tokens import tokenize_texts
from polysteer.planning.text import TextSize
from polysteer.trials.readings import Planned, Reading
from polysteer.trials.writing_tasks import Task, list_tasks

COLLECT = Planned(Reading("collect", "find"), 1)


class Job(NamedTuple):
    """Work of one kind: tokens through the model, and how many of them get a loss as well.

    Where text is written, a loss stands for a prediction: each new token waits for the one before it.
    """

    name: str
    forward_tokens: int
    loss_tokens: int
    is_written: bool = False

    def add(self, n_forward: int, n_losses: int) -> "Job":
        """The same with more of it."""
        return Job(self.name, self.forward_tokens + n_forward, self.loss_tokens + n_losses, self.is_written)


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
        most = reading.count_losses(settings) if measures_losses else 0
        n_losses = 0 if most == 0 else text.count_predicted(reading.text, most)
        job = jobs.get(reading.job, Job(reading.job, 0, 0))
        jobs[reading.job] = job.add(times * text.count_tokens(reading.text), times * n_losses)
    return [job for job in jobs.values() if job.forward_tokens]


def list_writing(settings: Experiment, corpus: Corpus, tokenizer: PreTrainedTokenizerBase) -> list[Job]:
    """Prompts read, and new tokens one after the other, under every condition that an arm writes under."""
    targets = [resolve_language(target, corpus.languages) for target in settings.targets]
    jobs: dict[str, Job] = {}
    for concerned in (of_one for arm in ARMS for of_one in arm.list_writing(settings, targets)):
        for task in list_tasks(settings, corpus, concerned):
            job = jobs.get(task.job, Job(task.job, 0, 0, is_written=True))
            jobs[task.job] = job.add(*_count(task, tokenizer))
    return list(jobs.values())


def _count(task: Task, tokenizer: PreTrainedTokenizerBase) -> tuple[int, int]:
    """The first new token comes with the prompt, and the last is not read again."""
    n_texts, n_new = len(task.prompts), task.writing.new_tokens
    prompts = cut_prompts(tokenize_texts(tokenizer, task.prompts), task.writing.prompt_tokens)
    return int(prompts.n_tokens.sum()) + n_texts * (n_new - 1), n_texts * n_new
