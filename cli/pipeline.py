"""`steer run` and one command per stage: the pipeline, with or without DVC."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib import import_module

from polysteer.cli.groups import Command, take_groups
from polysteer.cli.options import ExperimentArgument, ForceOption, Project
from polysteer.cli.stderr import show_progress, tell

STAGES = ("settings", "corpus", "collect", "rank", "embed", "evaluate")
NEEDING_MODEL = {"settings", "collect", "embed"}  # settings checks what the others need


@take_groups
def run(*, experiment: ExperimentArgument = None, project: Project, force: ForceOption = False) -> None:
    """Run the whole pipeline; finished parts are kept."""
    run_stages(STAGES, experiment, project, force=force)
    _store(project)


@take_groups
def settings(*, experiment: ExperimentArgument = None, project: Project) -> None:
    """Check the experiments file and write every setting out, defaults too."""
    run_stages(("settings",), experiment, project)


def make_command(stage: str, help: str) -> Command:
    """The command of one stage."""

    @take_groups
    def perform(
        *, experiment: ExperimentArgument = None, project: Project, force: ForceOption = False
    ) -> None:
        run_stages((stage,), experiment, project, force=force)

    perform.__doc__ = help
    return perform


collect = make_command("collect", "Record the neurons' responses while the model reads.")
rank = make_command("rank", "Score neurons and write the masks of the experts.")
embed = make_command("embed", "Embed text under every mask and choose on dev.")
evaluate = make_command("evaluate", "Turn vectors into metrics with intervals.")


@take_groups
def store(*, project: Project, _force: ForceOption = False) -> None:
    """Build the metrics database from every experiment's metrics."""
    _store(project)  # anew in any case


def run_stages(
    stages: tuple[str, ...], experiment: str | None, project: Project, *, force: bool = False
) -> None:
    """Some stages of one experiment, or of every experiment in the file."""
    from polysteer.config.experiments import find_experiment
    from polysteer.stages.checks import check_experiments
    from polysteer.stages.forcing import forget
    from polysteer.stages.run import Run

    experiments = project.load()
    names = list(experiments.experiments) if experiment is None else [experiment]
    settings_by_name = {name: find_experiment(experiments, name, project.file) for name in names}
    check_experiments(settings_by_name, project.file, fetch=not NEEDING_MODEL.isdisjoint(stages))
    runs = [
        Run(name, settings, project.layout.experiment(name)) for name, settings in settings_by_name.items()
    ]
    for run in runs if force else ():
        forget(run, stages)
    for run in runs:
        for stage in stages:
            with show_progress(f"{run.name} {stage}") as progress:
                perform = import_module(f"polysteer.stages.{stage}").perform
                line = _timed(run.name, stage, partial(perform, replace(run, progress=progress)))
            tell(line)


def _store(project: Project) -> None:
    from polysteer.stages.store import build_store

    tell(_timed("all", "store", lambda: build_store(project.load(), project.layout)))


def _timed(name: str, stage: str, perform: Callable[[], str]) -> str:
    started = time.perf_counter()
    outcome = perform()
    return f"{name:<12} {stage:<9} {outcome}  ({time.perf_counter() - started:.1f} s)"
