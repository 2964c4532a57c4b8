"""What a model writes on test, plain or under a mask: after first words of sentences, and to translate."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from polysteer.corpus.prompts import END_OF_LINE, build_prompts, list_translation_pairs
from polysteer.currency import is_current
from polysteer.layout import BASELINE
from polysteer.models.written import Writing
from polysteer.trials.session import Session, Steering
from polysteer.trials.texts import WrittenTexts, save_texts

SCHEMA_VERSION = 1


class Task(NamedTuple):
    """One file of texts: after what, and how."""

    path: Path
    prompts: Sequence[str]
    writing: Writing


def write_texts(session: Session, condition: str, steering: Steering | None, targets: Sequence[str]) -> None:
    """All that is written under a condition; of translations those that a target is part of."""
    tasks = [*_list_continuations(session, condition), *_list_translations(session, condition, targets)]
    for done, task in enumerate(tasks):
        mask = BASELINE if steering is None else steering.stamp
        stamp = session.stamp("written", SCHEMA_VERSION, mask, task.prompts, vars(task.writing))
        if is_current(task.path, stamp):
            continue
        session.progress(f"{condition}, writing", done, len(tasks))
        written = session.write(steering, task.prompts, task.writing)
        prompts, texts = zip(*written, strict=True)
        save_texts(task.path, WrittenTexts(prompts, texts), stamp=stamp)


def _list_continuations(session: Session, condition: str) -> Iterator[Task]:
    wanted = session.settings.evaluate.generate
    if wanted is None:
        return
    writing = Writing(wanted.new_tokens, prompt_tokens=wanted.prompt_tokens)
    for language in session.corpus.languages:
        texts = session.corpus.texts(language, "test")[: wanted.prompts]
        yield Task(session.layout.written(condition, language), texts, writing)


def _list_translations(session: Session, condition: str, targets: Sequence[str]) -> Iterator[Task]:
    wanted = session.settings.evaluate.translate
    if wanted is None:
        return
    writing = Writing(wanted.new_tokens, stop=END_OF_LINE)
    corpus = session.corpus
    pairs = [pair for target in targets for pair in list_translation_pairs(corpus, target, wanted.directions)]
    for pair in dict.fromkeys(pairs):
        prompts = build_prompts(
            corpus,
            pair,
            sentences=wanted.sentences,
            shots=wanted.shots,
            seed=session.settings.evaluate.seed,
        )
        yield Task(session.layout.translated(condition, *pair), prompts, writing)
