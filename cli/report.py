"""`steer report`: what the numbers say about steering, in words and one table."""

from typing import TYPE_CHECKING, Annotated

import typer

from polysteer.cli.answers import print_answer
from polysteer.cli.options import (
    DEFAULT_ARTIFACTS,
    DEFAULT_FILE,
    ArtifactsOption,
    FileOption,
    Format,
    FormatOption,
    complete_metric,
)
from polysteer.cli.output import print_json_text, print_table, print_text
from polysteer.cli.query import refresh

if TYPE_CHECKING:
    from polysteer.cli.origins import Heading
    from polysteer.cli.questions import Question
    from polysteer.report import Answer, Report


def report(
    lang: Annotated[str | None, typer.Option("--lang", "-l", help="One target language.")] = None,
    experiment: Annotated[str | None, typer.Option("--experiment", "-e", help="One experiment.")] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            "--metric",
            "-m",
            help="Another metric than top1: docs/store.md has them.",
            autocompletion=complete_metric,
        ),
    ] = None,
    layer: Annotated[str | None, typer.Option("--layer", help="The numbers at this layer.")] = None,
    all_pairs: Annotated[bool, typer.Option("--all-pairs", help="Every ordered pair of languages.")] = False,
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option("--compare", metavar="A B", help="Two experiments side by side, or two targets of one."),
    ] = None,
    front: Annotated[bool, typer.Option("--front", help="The sweep on dev: gain against cost.")] = False,
    oracle: Annotated[
        bool, typer.Option("--oracle", help="An upper bound: the layer picked on test. Not a result.")
    ] = False,
    study: Annotated[
        bool, typer.Option("--study", help="The plain model by layer and checkpoint: ABX and probes.")
    ] = False,
    format: FormatOption = "table",
    file: FileOption = DEFAULT_FILE,
    artifacts: ArtifactsOption = DEFAULT_ARTIFACTS,
) -> None:
    """Say whether steering helped, by how much, against which controls, and what it cost."""
    from polysteer.cli.origins import find_heading
    from polysteer.cli.questions import Asked, check_options, find_question
    from polysteer.cli.study_tables import print_study, print_study_section, steers_nothing

    check_options(
        {
            "--all-pairs": all_pairs,
            "--compare": compare,
            "--front": front,
            "--oracle": oracle,
            "--study": study,
        },
        {"--metric": metric, "--layer": layer},
    )
    is_plain = not (lang or metric or layer or all_pairs or compare or front or oracle)
    if study and (lang or metric or layer):
        raise typer.BadParameter("--study is of the plain model at every layer: name an --experiment alone")
    if study or (is_plain and steers_nothing(file, experiment)):
        return print_study(file, artifacts, experiment, format, lambda: refresh(file, artifacts))
    asked = Asked(lang, experiment, metric, layer, compare)
    question = find_question(asked, file, lambda: refresh(file, artifacts))
    heading = find_heading(
        file,
        artifacts,
        question.database,
        question.experiments,
        asked_for_all=not (lang or experiment or compare),
    )
    if all_pairs:
        answer = _show_pairs(question)
    elif compare:
        answer = _compare(question)
    elif front or oracle:
        answer = _show_sweep(question, oracle=oracle)
    elif metric is not None or layer is not None:
        answer = _show_metric(question)
    else:
        found = question.summarize()
        is_one = lang is not None or [summary.target for summary in found.summaries] == [None]
        _print_report(found, heading, format, single=is_one)
        if is_plain and experiment and format == "table":
            print_study_section(file, experiment, question.database)
        return None
    return print_answer(answer, question.summarize, heading, format)


def _show_pairs(question: "Question") -> "Answer":
    from polysteer.report import show_pairs

    return show_pairs(
        question.database,
        question.experiments,
        metric=question.metric,
        target=question.target,
        layer=question.layer,
    )


def _show_metric(question: "Question") -> "Answer":
    from polysteer.report import show_metric

    return show_metric(
        question.database,
        question.experiments,
        metric=question.metric,
        target=question.target,
        layer=question.layer,
    )


def _show_sweep(question: "Question", *, oracle: bool) -> "Answer":
    from polysteer.report import show_front, show_oracle

    show = show_oracle if oracle else show_front
    return show(question.database, question.experiments, target=question.target)


def _compare(question: "Question") -> "Answer":
    from polysteer.report import compare_experiments, compare_targets

    assert question.sides is not None
    metric, layer = question.metric, question.layer
    if question.compares_targets:
        (experiment,) = question.experiments
        return compare_targets(question.database, experiment, *question.sides, metric=metric, layer=layer)
    return compare_experiments(
        question.database, *question.sides, target=question.target, metric=metric, layer=layer
    )


def _print_report(found: "Report", heading: "Heading", format: Format, *, single: bool) -> None:
    from polysteer.report import to_csv, to_json, to_markdown

    if format == "json":
        print_json_text(to_json(found, heading.origins))
    elif format == "csv":
        heading.tell_stale()
        print_text(to_csv(found))
    elif format == "markdown":
        print_text(to_markdown(found, heading.lines))
    else:
        from polysteer.cli.tables import draw_report

        print_table(heading.draw())
        print_table(draw_report(found, single=single))
