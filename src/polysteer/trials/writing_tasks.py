"""What a model writes on test, plain or under a mask: after first words of sentences, and to translate."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from polysteer.config import Experiment
from polysteer.corpus.corpus_table import Corpus
from polysteer.corpus.prompts import END_OF_LINE, build_prompts, list_translation_pairs
from polysteer.currency import is_current
from polysteer.jsonfile import write_json
from polysteer.layout import BASELINE, ExperimentLayout
from polysteer.models.written_text import Writing, WrittenText
from polysteer.trials.kept import load_facts
from polysteer.trials.session import Session, Steering

SCHEMA_VERSION = 1


class Task(NamedTuple):
    """One file of texts: of a language or a pair of them, after what, and how."""

    job: Literal["continuations", "translations"]
    languages: tuple[str, ...]
    prompts: Sequence[str]
    writing: Writing

    def locate(self, layout: ExperimentLayout, condition: str) -> Path:
        """Where the texts stand that were written under a condition."""
        if self.job == "continuations":
            return layout.written(condition, *self.languages)
        return layout.translated(condition, *self.languages)


def list_tasks(settings: Experiment, corpus: Corpus, targets: Sequence[str]) -> Iterator[Task]:
    """All that is written under a condition; of translations those that a target is part of."""
    generate, translate = settings.evaluate.generate, settings.evaluate.translate
    if generate:
        writing = Writing(generate.new_tokens, prompt_tokens=generate.prompt_tokens)
        for language in corpus.languages:
            prompts = corpus.texts(language, "test")[: generate.prompts]
            yield Task("continuations", (language,), prompts, writing)
    if translate:
        writing = Writing(translate.new_tokens, stop=END_OF_LINE)
        asked = {"sentences": translate.sentences, "shots": translate.shots, "seed": settings.evaluate.seed}
        pairs = (list_translation_pairs(corpus, target, translate.directions) for target in targets)
        for pair in dict.fromkeys(pair for of_target in pairs for pair in of_target):
            yield Task("translations", pair, build_prompts(corpus, pair, **asked), writing)


def write_texts(session: Session, condition: str, steering: Steering | None, targets: Sequence[str]) -> None:
    """Write what is not there yet."""
    tasks = list(list_tasks(session.settings, session.corpus, targets))
    mask = BASELINE if steering is None else steering.stamp
    for done, task in enumerate(tasks):
        path = task.locate(session.layout, condition)
        stamp = session.stamp("written", SCHEMA_VERSION, mask, task.prompts, vars(task.writing))
        if is_current(path, stamp):
            continue
        session.progress(f"{condition}, writing", done, len(tasks))
        prompts, texts = zip(*session.write(steering, task.prompts, task.writing), strict=True)
        write_json(path, {"fingerprint": stamp, "prompts": prompts, "texts": texts})


def load_texts(path: Path) -> list[WrittenText]:
    """What a file says of every prompt."""

    def pair(prompts: list[str], texts: list[str]) -> list[WrittenText]:
        return [WrittenText(*both) for both in zip(prompts, texts, strict=True)]

    return load_facts(path, pair, problem="does not say what a model wrote")
