"""`steer report`: what the numbers say about steering, in words and one table."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from polysteer.cli.options import (
    DEFAULT_ARTIFACTS,
    DEFAULT_FILE,
    ArtifactsOption,
    FileOption,
    Format,
    FormatOption,
)
from polysteer.cli.progress import tell
from polysteer.cli.query import refresh

if TYPE_CHECKING:
    from polysteer.config import Experiments
    from polysteer.report import Report


def report(
    lang: Annotated[str | None, typer.Option("--lang", "-l", help="One target language.")] = None,
    experiment: Annotated[str | None, typer.Option("--experiment", "-e", help="One experiment.")] = None,
    format: FormatOption = "table",
    file: FileOption = DEFAULT_FILE,
    artifacts: ArtifactsOption = DEFAULT_ARTIFACTS,
) -> None:
    """Say whether steering helped, by how much, against which controls, and what it cost."""
    from polysteer.config import load_experiments
    from polysteer.report import list_experiments, merge_reports, summarize

    names = _pick_experiments(load_experiments(file), experiment, lang, file)
    database = refresh(file, artifacts)
    if lang is None and experiment is None:
        evaluated = list_experiments(database)
        names = [name for name in names if name in evaluated]
    found = merge_reports(summarize(database, experiment=name, target=lang) for name in names)
    _print(found, format, single=lang is not None)


def _pick_experiments(
    experiments: "Experiments", experiment: str | None, lang: str | None, file: Path
) -> list[str]:
    """The experiments asked for: with a language but no experiment, the first that has it as a target."""
    from polysteer.config.experiments import find_experiment, suggest
    from polysteer.errors import ConfigError

    if experiment is not None:
        find_experiment(experiments, experiment, file)
    names = [experiment] if experiment else list(experiments.experiments)
    if lang is None:
        return names
    having = [name for name in names if lang in experiments.experiments[name].targets]
    if not having:
        targets = sorted({target for name in names for target in experiments.experiments[name].targets})
        raise ConfigError(f"{lang!r} is no target of {', '.join(names)}{suggest(lang, targets)}")
    if len(having) > 1:
        tell(f"{lang} is a target of {', '.join(having)}; showing {having[0]}, choose with --experiment")
    return having[:1]


def _print(found: "Report", format: Format, *, single: bool) -> None:
    from polysteer.report import to_csv, to_json, to_markdown

    if format == "json":
        print(to_json(found, single=single))
    elif format == "csv":
        print(to_csv(found), end="")
    elif format == "markdown":
        print(to_markdown(found), end="")
    else:
        from rich.console import Console

        from polysteer.cli.tables import draw_report

        Console(highlight=False, markup=False, emoji=False).print(draw_report(found, single=single))
