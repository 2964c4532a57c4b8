"""`steer report`: what the numbers say about steering, in words and tables."""

from dataclasses import dataclass
from typing import Annotated

import typer

from polysteer.cli.groups import take_groups
from polysteer.cli.options import ExperimentOption, FormatOption, Project, complete_metric


@dataclass(frozen=True)
class Asked:
    """What is asked of the report: which numbers, and in which view."""

    lang: Annotated[str | None, typer.Option("--lang", "-l", help="One target language.")] = None
    experiment: ExperimentOption = None
    metric: Annotated[
        str | None,
        typer.Option(
            "--metric",
            "-m",
            help="Another metric than top1: docs/store.md has them.",
            autocompletion=complete_metric,
        ),
    ] = None
    layer: Annotated[str | None, typer.Option("--layer", help="The numbers at this layer.")] = None
    all_pairs: Annotated[bool, typer.Option("--all-pairs", help="Every ordered pair of languages.")] = False
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option("--compare", metavar="A B", help="Two experiments side by side, or two targets of one."),
    ] = None
    front: Annotated[bool, typer.Option("--front", help="The sweep on dev: gain against cost.")] = False
    oracle: Annotated[
        bool, typer.Option("--oracle", help="An upper bound: the layer picked on test. Not a result.")
    ] = False
    study: Annotated[
        bool, typer.Option("--study", help="The plain model by layer and checkpoint: ABX and probes.")
    ] = False


@take_groups
def report(*, asked: Asked, format: FormatOption = "table", project: Project) -> None:
    """Say whether steering helped, by how much, against which controls, and what it cost."""
    from polysteer.cli.answers import find_answer, print_answer

    print_answer(find_answer(asked, project, summarized=format == "json"), format)
