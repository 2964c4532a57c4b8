"""The part of `steer report` on layers and checkpoints: ABX, probes, and how they rank together."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from polysteer.cli.answers import print_answer
from polysteer.cli.options import Format
from polysteer.cli.output import print_table

if TYPE_CHECKING:
    from polysteer.config import Experiments


def steers_nothing(file: Path, experiment: str | None) -> bool:
    """Whether nothing that is asked about steers: then layers and checkpoints are all there is."""
    from polysteer.config import load_experiments

    experiments = load_experiments(file)
    asked = [experiments.experiments[name] for name in _name(experiments, file, experiment)]
    return not any(one.candidates() or one.erasures() for one in asked)


def print_study(
    file: Path, artifacts: Path, experiment: str | None, format: Format, refresh: Callable[[], Path]
) -> None:
    """The whole of it, in any format."""
    from polysteer.cli.origins import find_heading
    from polysteer.config import load_experiments
    from polysteer.report import Answer, merge_reports
    from polysteer.report.study import has_study, show_study

    experiments = load_experiments(file)
    named, database = _name(experiments, file, experiment), refresh()
    named = [name for name in named if has_study(database, name)] or named
    found = [show_study(database, name, _list_checkpoints(experiments, name)) for name in named]
    answer = Answer(
        found[0].view,
        found[0].note,
        tuple(grid for one in found for grid in one.grids),
        tuple(record for one in found for record in one.records),
    )
    heading = find_heading(file, artifacts, database, named, asked_for_all=experiment is None)
    print_answer(answer, lambda: merge_reports([]), heading, format)


def print_study_section(file: Path, experiment: str, database: Path) -> None:
    """Below the report of one experiment, where ABX was measured."""
    from polysteer.cli.grids import draw_answer
    from polysteer.config import load_experiments
    from polysteer.report.study import has_study, show_study

    if has_study(database, experiment):
        found = show_study(database, experiment, _list_checkpoints(load_experiments(file), experiment))
        print_table(draw_answer(found))


def _name(experiments: "Experiments", file: Path, experiment: str | None) -> list[str]:
    from polysteer.config.experiments import find_experiment

    if experiment is not None:
        find_experiment(experiments, experiment, file)
    return [experiment] if experiment else list(experiments.experiments)


def _list_checkpoints(experiments: "Experiments", name: str) -> list[str]:
    return [checkpoint.name for checkpoint in experiments.experiments[name].model.checkpoints]
