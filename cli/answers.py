"""The answer to what `steer report` is asked, with what its numbers were made with."""

from dataclasses import replace

from polysteer.cli.options import Format, Project
from polysteer.cli.output import print_json, print_table, print_text
from polysteer.cli.questions import choose_view, find_question, steers_nothing
from polysteer.cli.report import Asked
from polysteer.cli.stderr import tell
from polysteer.config import Experiments
from polysteer.config.filling import fill_in
from polysteer.report import (
    Answer,
    Origins,
    Question,
    list_facts,
    summarize_question,
    tell_origins,
    tell_stale,
    trace_origins,
    write_csv,
    write_markdown,
)
from polysteer.report.views import study


def find_answer(asked: Asked, project: Project, *, summarized: bool) -> Answer:
    """Where nothing that is asked about steers, layers and checkpoints are all there is to show."""
    view, experiments = choose_view(asked), project.load()
    if not view.option and asked.lang is None and steers_nothing(asked, experiments, project.file):
        view = study.VIEW
    question = find_question(view, asked, experiments, project)
    answer = replace(view.show(question), origins=_find_origins(question, experiments, project))
    if summarized and not answer.summaries and view.has is None:
        return replace(answer, summaries=summarize_question(question))
    return answer


def print_answer(answer: Answer, format: Format) -> None:
    """CSV has no place for what is stale, so stderr says it."""
    if format == "table":
        from polysteer.cli.folding import draw_parts

        print_table(draw_parts(["\n".join(tell_origins(answer.origins)), *answer.parts]))
    elif format == "json":
        print_json(list_facts(answer))
    elif format == "markdown":
        print_text(write_markdown(answer))
    else:
        for line in tell_stale(answer.origins).values():
            tell(line)
        print_text(write_csv(answer.records))


def _find_origins(question: Question, experiments: Experiments, project: Project) -> Origins:
    """Where all is asked for, what has no numbers, or no place in the file, is part of the answer."""
    now = {name: fill_in(one) for name, one in experiments.experiments.items()}
    evaluated = project.layout.list_evaluated() if question.is_of_all else []
    return trace_origins(
        question.database,
        question.experiments,
        now,
        file=project.file.name,
        asked=now if question.is_of_all else (),
        unnamed=[name for name in evaluated if name not in now],
    )
